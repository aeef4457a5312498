package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// What becomes of an attempt.
const (
	refused = 2 // by the plan, before anything runs
	stopped = 1 // by the client, while it runs
	through = 0 // it was sent, as the read that it is
)

// attempts are the steps of hostile.hcl: the exit status, and what is said of the step.
var attempts = map[string]struct {
	status int
	says   string
}{
	"http_post":                     {refused, "Refused by --read-only"},
	"http_delete":                   {refused, "Refused by --read-only"},
	"http_unknown_method":           {refused, "Refused by --read-only"},
	"http_method_in_a_header":       {refused, "Refused by --read-only"},
	"http_method_found_at_run_time": {refused, "Refused by --read-only"},
	"command":                       {refused, "Refused by --read-only"},
	"file":                          {refused, "Refused by --read-only"},
	"file_through_link":             {refused, "Refused by --read-only"},
	"file_through_dangling_link":    {refused, "Refused by --read-only"},
	"file_appended":                 {refused, "Refused by --read-only"},
	"file_by_descriptor":            {refused, "Refused by --read-only"},
	"files_found_at_run_time":       {refused, "Refused by --read-only"},
	"file_removed":                  {refused, "Refused by --read-only"},
	"undo_of_a_read":                {refused, "The undo of step"},
	"runbook_that_writes":           {refused, "Refused by --read-only"},
	"postgres_exec":                 {refused, "Refused by --read-only"},
	"redis_set":                     {refused, "Refused by --read-only"},
	"kubernetes_exec":               {refused, "Refused by --read-only"},
	"kubernetes_exec_as_a_read":     {refused, ""},
	"kubernetes_delete":             {refused, "Refused by --read-only"},

	"http_redirected":                      {through, "passed"}, // a redirected GET stays one
	"http_method_in_the_providers_headers": {stopped, "puts another method in the place of GET"},
	"http_websocket":                       {stopped, "begins another protocol"},
	"prometheus_redirected":                {stopped, "is no question"},
	"prometheus_admin":                     {stopped, ""},
	"kubernetes_exec_by_name":              {stopped, ""},
	"kubernetes_proxy_by_name":             {stopped, ""},
}

// world is what the attempts could change.
type world struct {
	dir  string
	mu   sync.Mutex
	sent []string // requests that are no reads

	database *pgx.Conn // watches
	victim   *pgx.Conn // is to be cancelled and terminated
	table    string
	cache    *redis.Client
}

// ServeHTTP is a server that redirects, and remembers what came that could change it.
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	path, asks := r.URL.Path, strings.HasSuffix(r.URL.Path, "/api/v1/query")
	if r.Method != http.MethodGet && !asks || r.Header.Get("Upgrade") != "" || r.Header.Get("X-HTTP-Method-Override") != "" || strings.Contains(path, "/admin/") {
		w.mu.Lock()
		w.sent = append(w.sent, r.Method+" "+path+" "+string(body))
		w.mu.Unlock()
	}
	switch path {
	case "/redirect":
		http.Redirect(out, r, "/write", http.StatusTemporaryRedirect)
	case "/redirecting/api/v1/query":
		http.Redirect(out, r, "/redirecting/api/v1/admin/tsdb/delete_series?match[]=up", http.StatusTemporaryRedirect)
	case "/administered/api/v1/query":
		http.Redirect(out, r, "/administered/-/quit", http.StatusPermanentRedirect)
	}
}

// state is all that must stay as it is.
func (w *world) state(t *testing.T) map[string]string {
	t.Helper()
	seen := map[string]string{}
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		seen[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	seen["http"] = strings.Join(w.sent, "\n")
	w.mu.Unlock()
	for name, query := range map[string]string{
		"rows":     "SELECT count(*)::text FROM " + w.table,
		"tables":   "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname LIKE '" + w.table + "%'",
		"sequence": "SELECT is_called::text FROM " + w.table + "_seq",
		"slots":    "SELECT count(*)::text FROM pg_replication_slots WHERE slot_name = 'hostile'",
		"locks":    "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711",
		"objects":  "SELECT count(*)::text FROM pg_largeobject_metadata",
		"loaded":   "SELECT pg_conf_load_time()::text",
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
	keys, err := w.cache.Keys(t.Context(), "hostile:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	seen["redis keys"] = fmt.Sprint(keys)
	seen["redis expiry"] = fmt.Sprint(w.cache.TTL(t.Context(), "hostile:kept").Val())
	seen["redis config"] = fmt.Sprint(w.cache.ConfigGet(t.Context(), "slowlog-max-len").Val())
	functions, err := w.cache.FunctionList(t.Context(), redis.FunctionListQuery{LibraryNamePattern: "hostile"}).Result()
	if err != nil {
		t.Fatal(err)
	}
	seen["redis functions"] = fmt.Sprint(len(functions))
	return seen
}

// newWorld prepares what is to be changed, and takes it away at the end.
func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	w := &world{dir: t.TempDir(), table: fmt.Sprintf("hostile_%d", os.Getpid())}
	if err := os.Chmod(w.dir, 0o777); err != nil { // the database's own user could write here
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(filepath.Join(w.dir, "kept"), []byte("kept"), 0o666))
	must(os.Symlink("kept", filepath.Join(w.dir, "link")))
	must(os.Symlink("made", filepath.Join(w.dir, "dangling")))

	var err error
	superuser := providertest.Lab(t, "LAB_DATABASE_SUPERUSER_URL")
	w.database, err = pgx.Connect(ctx, superuser)
	must(err)
	w.victim, err = pgx.Connect(ctx, superuser)
	must(err)
	for _, sql := range []string{
		"CREATE TABLE %s (n int)", "INSERT INTO %s VALUES (7)", "CREATE SEQUENCE %s_seq",
		"CREATE FUNCTION %[1]s_write() RETURNS int LANGUAGE sql AS 'INSERT INTO %[1]s VALUES (1) RETURNING n'",
	} {
		_, err := w.database.Exec(ctx, fmt.Sprintf(sql, w.table))
		must(err)
	}
	options, err := redis.ParseURL(providertest.Lab(t, "REDIS_URL"))
	must(err)
	w.cache = redis.NewClient(options)
	must(w.cache.Set(ctx, "hostile:kept", "kept", 0).Err())
	must(w.cache.RPush(ctx, "hostile:list", "2", "1").Err())
	must(w.cache.GeoAdd(ctx, "hostile:geo", &redis.GeoLocation{Name: "here"}).Err())
	t.Cleanup(func() {
		for _, sql := range []string{"DROP FUNCTION IF EXISTS %s_write()", "DROP SEQUENCE IF EXISTS %s_seq", "DROP TABLE IF EXISTS %s, %[1]s_new"} {
			if _, err := w.database.Exec(ctx, fmt.Sprintf(sql, w.table)); err != nil {
				t.Error(err)
			}
		}
		keys := w.cache.Keys(ctx, "hostile:*").Val()
		if err := w.cache.Del(ctx, keys...).Err(); err != nil {
			t.Error(err)
		}
		_ = w.victim.Close(ctx)
		if err := errors.Join(w.database.Close(ctx), w.cache.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// statusOf is what is expected of a step; those of PostgreSQL and Redis are all refused, by the plan where it can tell.
func statusOf(name string) (statuses []int, says string) {
	if a, ok := attempts[name]; ok {
		return []int{a.status}, a.says
	}
	return []int{refused, stopped}, ""
}

// TestHostile runs each step of a runbook that tries to write, and finds the world as it was.
func TestHostile(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "HOME="+t.TempDir(), "RUNBOOK_VAR_dir="+w.dir, "RUNBOOK_VAR_http_url="+server.URL,
		"RUNBOOK_VAR_superuser_url="+providertest.Lab(t, "LAB_DATABASE_SUPERUSER_URL"), "RUNBOOK_VAR_table="+w.table,
		fmt.Sprintf("RUNBOOK_VAR_backend=%d", w.victim.PgConn().PID()), "RUNBOOK_VAR_pod=hostile")
	child, err := os.ReadFile(filepath.Join("testdata", "hostile", "child.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	apply := func(t *testing.T, runbook string, flags ...string) (int, string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "hostile.hcl")
		for path, text := range map[string][]byte{file: []byte(runbook), filepath.Join(filepath.Dir(file), "child.hcl"): child} {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		// Under this name the test's own binary is the program, see TestMain.
		cmd := &exec.Cmd{Path: program, Env: env, Args: append([]string{"runbook", "apply", file, "--auto-approve",
			"--store", filepath.Join(t.TempDir(), "runs.db")}, flags...)}
		text, err := cmd.CombinedOutput()
		if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), string(text)
	}
	before := w.state(t)
	unchanged := func(t *testing.T) {
		t.Helper()
		if diff := cmp.Diff(before, w.state(t)); diff != "" {
			t.Errorf("it changed something: %s", diff)
		}
	}
	source, err := os.ReadFile(filepath.Join("testdata", "hostile", "hostile.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	common, steps := stepsOf(string(source))
	for name := range attempts {
		if steps[name] == "" {
			t.Errorf("the runbook has no step %s", name)
		}
	}
	t.Run("all at once", func(t *testing.T) {
		if status, text := apply(t, string(source), "--read-only"); status != refused {
			t.Errorf("status %d: %s", status, text)
		}
		unchanged(t)
	})
	for _, name := range slices.Sorted(maps.Keys(steps)) {
		t.Run(name, func(t *testing.T) {
			status, text := apply(t, common+steps[name], "--read-only")
			if want, says := statusOf(name); !slices.Contains(want, status) || !strings.Contains(text, says) {
				t.Errorf("status %d, expected %v and %q:\n%s", status, want, says, text)
			}
			t.Logf("status %d: %s", status, text)
			unchanged(t)
		})
	}
	// An attempt that could change nothing anyway would show nothing.
	for _, name := range []string{"http_post", "command", "file_through_link", "file_through_dangling_link", "file_appended", "file_removed"} {
		t.Run("without the flag "+name, func(t *testing.T) {
			status, text := apply(t, common+steps[name])
			after := w.state(t)
			if status != 0 || cmp.Equal(before, after) {
				t.Errorf("status %d, and nothing has changed:\n%s", status, text)
			}
			before = after
		})
	}
}

// stepsOf takes the file apart: what its steps share, and each of them. Alone, one that is refused hides no other.
func stepsOf(source string) (common string, steps map[string]string) {
	steps = map[string]string{}
	name := ""
	for line := range strings.Lines(source) {
		if parts := strings.Split(line, `"`); strings.HasPrefix(line, "step ") && len(parts) == 5 && parts[3] != "any" {
			name = parts[3]
		}
		if name == "" {
			common += line
			continue
		}
		steps[name] += line
		if strings.HasPrefix(line, "}") {
			name = ""
		}
	}
	return common, steps
}
