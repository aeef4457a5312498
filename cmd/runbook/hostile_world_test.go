package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/internal/runtest"
)

// world is what the attempts could change, each part of it a test's own.
type world struct {
	// common is the part of the runbook that the attempts share, env what the program sees, before the state.
	common string
	env    []string
	before map[string]string

	// dir is the test's folder, open one in which the services' own users could write.
	dir, open string
	mu        sync.Mutex
	sent      []string // requests that are no reads

	postgresURL string    // of a database of the test's own, as a superuser
	database    *pgx.Conn // watches
	victim      *pgx.Conn // is to be cancelled and terminated
	table       string
	object      uint32 // a large one
	cache       *redis.Client
	listener    *redis.Conn // is to be killed
	cluster     *runtest.Namespace
	node        string
	api         *http.Client
	apiURL      string
}

func (w *world) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newWorld prepares what is to be changed, and takes it away at the end.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), table: fmt.Sprintf("hostile_%d", os.Getpid())}
	w.files(t)
	w.postgres(t)
	w.redis(t)
	w.kubernetes(t)
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	listener, err := w.listener.ClientID(t.Context()).Result()
	w.must(t, err)
	w.env = append(os.Environ(), "HOME="+t.TempDir())
	for name, value := range map[string]string{
		"dir": w.dir, "open_dir": w.open, "http_url": server.URL, "superuser_url": w.postgresURL, "table": w.table,
		"backend": strconv.Itoa(int(w.victim.PgConn().PID())), "object": strconv.Itoa(int(w.object)), "client": strconv.FormatInt(listener, 10),
		"namespace": w.cluster.Name, "node": w.node, "pod": "kept",
	} {
		w.env = append(w.env, "RUNBOOK_VAR_"+name+"="+value)
	}
	w.before = w.state(t)
	return w
}

func (w *world) files(t *testing.T) {
	t.Helper()
	var err error
	w.open, err = os.MkdirTemp("", "hostile-") //nolint:usetesting // a test's folder is closed to others
	w.must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(w.open) }) // a temporary folder that stays costs little
	w.must(t, os.Chmod(w.open, 0o777))
	w.must(t, os.WriteFile(filepath.Join(w.dir, "kept"), []byte("kept"), 0o600))
	w.must(t, os.Symlink("kept", filepath.Join(w.dir, "link")))
	w.must(t, os.Symlink("made", filepath.Join(w.dir, "dangling")))
	w.must(t, os.Mkdir(filepath.Join(w.dir, "real"), 0o700))
	w.must(t, os.Symlink("real", filepath.Join(w.dir, "folder")))
}

func (w *world) postgres(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	server, err := pgx.Connect(ctx, providertest.Lab(t, "LAB_DATABASE_SUPERUSER_URL"))
	w.must(t, err)
	_, err = server.Exec(ctx, "CREATE DATABASE "+w.table)
	w.must(t, err)
	t.Cleanup(func() {
		_, err := server.Exec(ctx, "DROP DATABASE "+w.table+" WITH (FORCE)")
		if err := errors.Join(err, server.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(providertest.Lab(t, "LAB_DATABASE_SUPERUSER_URL"))
	w.must(t, err)
	u.Path = "/" + w.table
	w.postgresURL = u.String()
	w.database, err = pgx.Connect(ctx, w.postgresURL)
	w.must(t, err)
	w.victim, err = pgx.Connect(ctx, w.postgresURL)
	w.must(t, err)
	for _, sql := range []string{
		"CREATE TABLE %s (n int)", "INSERT INTO %s VALUES (7)", "CREATE SEQUENCE %s_seq",
		"CREATE FUNCTION %[1]s_write() RETURNS int LANGUAGE sql AS 'INSERT INTO %[1]s VALUES (1) RETURNING n'",
		"CREATE PROCEDURE %[1]s_procedure() LANGUAGE sql AS 'DELETE FROM %[1]s'",
		"SELECT pg_create_physical_replication_slot('%s_slot')", "CREATE SCHEMA %s_dblink",
		"CREATE EXTENSION dblink SCHEMA %s_dblink",
	} {
		_, err := w.database.Exec(ctx, fmt.Sprintf(sql, w.table))
		w.must(t, err)
	}
	w.must(t, w.database.QueryRow(ctx, "SELECT lo_from_bytea(0, 'kept')").Scan(&w.object))
	t.Cleanup(func() {
		_ = w.victim.Close(ctx)
		if _, err := w.database.Exec(ctx, "SELECT pg_drop_replication_slot($1)", w.table+"_slot"); err != nil {
			t.Error(err)
		}
		if err := w.database.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}

func (w *world) redis(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	options, err := redis.ParseURL(providertest.Lab(t, "REDIS_URL"))
	w.must(t, err)
	w.cache = redis.NewClient(options)
	w.listener = w.cache.Conn()
	t.Cleanup(func() {
		keys := w.cache.Keys(ctx, "hostile:*").Val()
		if err := errors.Join(w.cache.Del(ctx, keys...).Err(), w.cache.FunctionDelete(ctx, "hostile_lib").Err(), w.listener.Close(), w.cache.Close()); err != nil {
			t.Error(err)
		}
	})
	w.must(t, w.cache.Set(ctx, "hostile:kept", "kept", 0).Err())
	w.must(t, w.cache.PFAdd(ctx, "hostile:count", "1", "2").Err())
	w.must(t, w.cache.RPush(ctx, "hostile:list", "2", "1").Err())
	w.must(t, w.cache.GeoAdd(ctx, "hostile:geo", &redis.GeoLocation{Name: "here"}).Err())
	w.must(t, w.cache.XAdd(ctx, &redis.XAddArgs{Stream: "hostile:stream", Values: []string{"a", "b"}}).Err())
	w.must(t, w.cache.XGroupCreate(ctx, "hostile:stream", "readers", "0").Err())
	w.must(t, w.cache.FunctionLoadReplace(ctx, "#!lua name=hostile_lib\nredis.register_function('hostile_kept', function(keys) return redis.call('SET', keys[1], 'written') end)").Err())
}

func (w *world) kubernetes(t *testing.T) {
	t.Helper()
	w.cluster = runtest.NewNamespace(t, runtest.Lab(t, os.Environ()), "hostile")
	w.node = w.cluster.Name
	w.cluster.Node(t, w.node)
	const containers = `containers: [{name: main, image: "registry.example.com/main:1"}]`
	w.cluster.Create(t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: kept}, spec: {replicas: 1, selector: {matchLabels: {app: kept}},
		template: {metadata: {labels: {app: kept}}, spec: {`+containers+`}}}}`)
	w.cluster.Create(t, `{apiVersion: v1, kind: Pod, metadata: {name: kept}, spec: {`+containers+`}}`)
	w.cluster.Create(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: doomed}}`)
	w.cluster.Create(t, `{apiVersion: v1, kind: Service, metadata: {name: kept}, spec: {ports: [{port: 80}]}}`)
	w.cluster.Kubectl(t, "wait", "--for=condition=Ready", "pod/kept", "--timeout=30s")
	w.cluster.Kubectl(t, "rollout", "status", "deployment/kept", "--timeout=30s")
	w.cluster.Kubectl(t, "wait", "--for=create", "configmap/kube-root-ca.crt", "--timeout=30s")
	config, err := clientcmd.BuildConfigFromFlags("", providertest.Lab(t, "KUBECONFIG"))
	w.must(t, err)
	w.api, err = rest.HTTPClientFor(config)
	w.must(t, err)
	w.apiURL = config.Host
}

// ServeHTTP is a server that redirects, and remembers what came that could change it.
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	path, asks := r.URL.Path, strings.HasSuffix(r.URL.Path, "/api/v1/query")
	if r.Method != http.MethodGet && !asks || r.Header.Get("Upgrade") != "" || r.Header.Get("X-HTTP-Method-Override") != "" || strings.Contains(path, "/admin/") && !asks {
		w.mu.Lock()
		w.sent = append(w.sent, r.Method+" "+path+" "+string(body))
		w.mu.Unlock()
	}
	switch path {
	case "/redirect":
		http.Redirect(out, r, "/write", http.StatusTemporaryRedirect)
	case "/redirect/308":
		http.Redirect(out, r, "/write", http.StatusPermanentRedirect)
	case "/redirect/303":
		http.Redirect(out, r, "/write", http.StatusSeeOther)
	case "/redirecting/api/v1/query":
		http.Redirect(out, r, "/redirecting/api/v1/admin/tsdb/delete_series?match[]=up", http.StatusTemporaryRedirect)
	case "/administered/api/v1/query":
		http.Redirect(out, r, "/administered/-/quit", http.StatusPermanentRedirect)
	case "/alerting/api/v1/alerts":
		http.Redirect(out, r, "/alerting/api/v1/admin/tsdb/snapshot", http.StatusTemporaryRedirect)
	}
}

// state is all that must stay as it is.
func (w *world) state(t *testing.T) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, dir := range []string{w.dir, w.open} {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			seen[path] = string(text)
			return err
		})
		w.must(t, err)
	}
	w.mu.Lock()
	seen["http"] = strings.Join(w.sent, "\n")
	w.mu.Unlock()
	w.stateOfPostgres(t, seen)
	w.stateOfRedis(t, seen)
	w.stateOfKubernetes(t, seen)
	return seen
}

func (w *world) stateOfPostgres(t *testing.T, seen map[string]string) {
	t.Helper()
	for name, query := range map[string]string{
		"rows":     "SELECT string_agg(n::text, ' ') FROM " + w.table,
		"tables":   "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname LIKE '" + w.table + "%'",
		"sequence": "SELECT last_value || is_called::text FROM " + w.table + "_seq",
		"slots":    "SELECT string_agg(slot_name, ' ') FROM pg_replication_slots WHERE slot_name = 'hostile' OR slot_name LIKE '" + w.table + "%'",
		"locks":    "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711",
		"objects":  "SELECT count(*)::text FROM pg_largeobject_metadata",
		"loaded":   "SELECT pg_conf_load_time()::text",
		"reset":    "SELECT coalesce(stats_reset::text, '') FROM pg_stat_database WHERE datname = current_database()",
	} {
		var value string
		if err := w.database.QueryRow(t.Context(), query).Scan(&value); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		seen["postgres "+name] = value
	}
	var alive int
	if err := w.victim.QueryRow(t.Context(), "SELECT 1").Scan(&alive); err != nil {
		seen["postgres victim"] = err.Error()
	}
}

func (w *world) stateOfRedis(t *testing.T, seen map[string]string) {
	t.Helper()
	ctx := t.Context()
	keys, err := w.cache.Keys(ctx, "hostile:*").Result()
	w.must(t, err)
	slices.Sort(keys)
	for _, key := range keys {
		seen["redis "+key] = fmt.Sprintf("%q %s", w.cache.Dump(ctx, key).Val(), w.cache.TTL(ctx, key).Val())
	}
	groups, err := w.cache.XInfoGroups(ctx, "hostile:stream").Result()
	w.must(t, err)
	seen["redis groups"] = fmt.Sprintf("%+v", groups)
	seen["redis config"] = fmt.Sprint(w.cache.ConfigGet(ctx, "slowlog-max-len").Val())
	functions, err := w.cache.FunctionList(ctx, redis.FunctionListQuery{LibraryNamePattern: "hostile*"}).Result()
	w.must(t, err)
	seen["redis functions"] = fmt.Sprint(len(functions))
	if err := w.listener.Ping(ctx).Err(); err != nil {
		seen["redis client"] = err.Error()
	}
	seen["redis user"] = fmt.Sprint(w.cache.Do(ctx, "ACL", "GETUSER", "hostile").Val()) // other tests make users of their own
}

func (w *world) stateOfKubernetes(t *testing.T, seen map[string]string) {
	t.Helper()
	base := "/namespaces/" + w.cluster.Name
	for _, path := range []string{"/api/v1" + base + "/configmaps", "/api/v1" + base + "/pods", "/apis/apps/v1" + base + "/deployments", "/apis/batch/v1" + base + "/jobs"} {
		var list struct {
			Items []struct {
				Metadata struct {
					Name              string
					Generation        int
					Labels            map[string]string
					DeletionTimestamp string
				}
			}
		}
		w.read(t, path, &list)
		for _, item := range list.Items {
			if m := item.Metadata; !strings.HasSuffix(path, "/pods") || m.Name == "kept" { // a deployment's own come and go
				seen["kubernetes "+path+" "+m.Name] = fmt.Sprintf("%+v", m)
			}
		}
	}
	var node struct{ Spec struct{ Unschedulable bool } }
	w.read(t, "/api/v1/nodes/"+w.node, &node)
	seen["kubernetes node"] = fmt.Sprintf("%+v", node)
}

func (w *world) read(t *testing.T, path string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.apiURL+path, nil)
	w.must(t, err)
	answer, err := w.api.Do(request)
	w.must(t, err)
	defer answer.Body.Close() //nolint:errcheck // only read from
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, answer.Status)
	}
	w.must(t, json.NewDecoder(answer.Body).Decode(into))
}
