package builtin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"k8s.io/client-go/tools/clientcmd"
)

// otherRows are those of all providers but kubernetes.
func otherRows(t *testing.T, w *world) map[string]undone {
	t.Helper()
	w.apiServer(t)
	command, file, restored := filepath.Join(w.dir, "command"), filepath.Join(w.dir, "file"), filepath.Join(w.dir, "restored")
	content := func(path string) func(*testing.T) string {
		return func(t *testing.T) string {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	}
	filled := func(path, text string) func(*testing.T) {
		return func(t *testing.T) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return map[string]undone{
		"postgres_exec": w.rows(t),
		"redis_command": w.key(t),
		// The lab's one service over HTTP that keeps what it is told is the API server.
		"http_request": {
			args: `method = "POST"
				url    = "/api/v1/namespaces/${var.name}/configmaps"
				json   = { apiVersion = "v1", kind = "ConfigMap", metadata = { name = "sent" }, data = { colour = "red" } }`,
			undo: "http_request", back: "method = \"DELETE\"\nurl = \"/api/v1/namespaces/${var.name}/configmaps/${self.json.metadata.name}\"",
			look: func(t *testing.T) string {
				return w.Kubectl(t, "get", "configmap", "sent", "--ignore-not-found", "-o", "jsonpath={.data.colour}")
			},
			before: "", changed: "red",
		},
		"local_command": {
			args: `command = ["touch", "${var.dir}/command"]`, undo: "local_command", back: `command = ["rm", "${var.dir}/command"]`,
			look: exists(command), before: "false", changed: "true",
		},
		"local_write_file": {
			args: "path = \"${var.dir}/file\"\ncontent = \"new\"", undo: "local_restore_file",
			back:    "path = self.path\nbefore = self.before\nafter = self.after",
			prepare: filled(file, "old"), look: content(file), before: "old", changed: "new",
		},
		"local_restore_file": {
			args: `path = "${var.dir}/restored"
				before = { exists = true, size_bytes = 5, mode = "0600", sha256 = sha256("elder"), content = "elder" }`,
			undo: "local_restore_file", back: "path = self.path\nbefore = self.before\nafter = self.after",
			prepare: filled(restored, "younger"), look: content(restored), before: "younger", changed: "elder",
		},
	}
}

// apiServer puts the address, the token and the authority of the lab's API server where the runbook finds them.
func (w *world) apiServer(t *testing.T) {
	t.Helper()
	config, err := clientcmd.LoadFromFile(w.env["KUBECONFIG"])
	if err != nil {
		t.Fatal(err)
	}
	in := config.Contexts[config.CurrentContext]
	w.env["KUBERNETES_URL"], w.env["KUBERNETES_TOKEN"] = config.Clusters[in.Cluster].Server, config.AuthInfos[in.AuthInfo].Token
	if err := os.WriteFile(filepath.Join(w.dir, "ca.crt"), config.Clusters[in.Cluster].CertificateAuthorityData, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rows changes one of a table of the test's own.
func (w *world) rows(t *testing.T) undone {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, w.env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	table := strings.ReplaceAll(w.Name, "-", "_")
	t.Cleanup(func() {
		_, err := conn.Exec(ctx, "DROP TABLE IF EXISTS "+table)
		if err := errors.Join(err, conn.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	return undone{
		args: `sql = "UPDATE ` + table + ` SET colour = 'red' WHERE id = 1"`, undo: "postgres_exec",
		back: `sql  = "UPDATE ` + table + ` SET colour = $1 WHERE id = $2"
			args = [self.before[0].colour, self.before[0].id]`,
		prepare: func(t *testing.T) {
			if _, err := conn.Exec(ctx, "CREATE TABLE "+table+" AS SELECT 1 AS id, 'blue' AS colour"); err != nil {
				t.Fatal(err)
			}
		},
		look: func(t *testing.T) string {
			var colour string
			if err := conn.QueryRow(ctx, "SELECT colour FROM "+table+" WHERE id = 1").Scan(&colour); err != nil {
				t.Fatal(err)
			}
			return colour
		},
		before: "blue", changed: "red",
	}
}

// key changes one of Redis.
func (w *world) key(t *testing.T) undone {
	t.Helper()
	client := w.redis(t)
	return undone{
		args: `command = ["SET", var.name, "red"]`, undo: "redis_command", back: `command = ["SET", self.before.key, self.before.value]`,
		prepare: func(t *testing.T) {
			if err := client.Set(t.Context(), w.Name, "blue", 0).Err(); err != nil {
				t.Fatal(err)
			}
		},
		look:   func(t *testing.T) string { return client.Get(t.Context(), w.Name).Val() },
		before: "blue", changed: "red",
	}
}

// redis is a client of the lab's; the key goes with the test.
func (w *world) redis(t *testing.T) *redis.Client {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	options, err := redis.ParseURL(w.env["REDIS_URL"])
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() {
		if err := errors.Join(client.Del(ctx, w.Name).Err(), client.Close()); err != nil {
			t.Error(err)
		}
	})
	return client
}
