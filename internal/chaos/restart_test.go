package chaos

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/run"
)

// TestServiceRestarts kills a service between two steps of a run and starts it again once the second has failed. The run
// goes on over new connections.
func TestServiceRestarts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		start    func(*testing.T) *ownServer
		provider string // its block's body
		step     string // action
		args     string
		says     string
	}{
		{"redis", ownRedis, `url = "redis://ADDRESS"`, `redis_ping`, "", "connection refused|closed the connection"},
		{"postgres", ownPostgres, `url = "postgres://postgres@ADDRESS/postgres"`, `postgres_ping`, "", "connection refused|closed the connection|terminating connection|starting up|recovery"},
		{"http", ownNginx, `base_url = "http://ADDRESS"`, `http_request`, `url = "/"`, "connection refused|closed the connection|reset"},
		{"prometheus", ownPrometheus, `url = "http://ADDRESS"`, `prometheus_query`, `query = "vector(1)"`, "connection refused|closed the connection|reset|503"},
		{"kubernetes", ownAPIServer, `kubeconfig = "KUBECONFIG"`, `kubernetes_pods`, "", "connection refused|closed the connection|reset|503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.start(t)
			config := fill(c.provider, "ADDRESS", s.address, "KUBECONFIG", filepath.Join(s.dir, "kubeconfig"))
			source := fill(restartBook, "PROVIDER", c.name, "CONFIG", config, "ACTION", c.step, "ARGUMENTS", c.args)
			var told []string
			got := carryOut(t, source, nil, func(e *run.Event) {
				switch {
				case e.Type == run.StepFinished && e.Step == "before":
					s.kill()
				case e.Type == run.StepRetrying && e.Step == "after":
					told = append(told, e.Error)
					if len(told) == 2 {
						s.start()
					}
				}
			})
			ends := got.Ends()
			for _, name := range []string{"before", "after", "poll"} {
				if e := ends[name]; e == nil || e.Outcome != run.Pass {
					t.Errorf("%s: %s", name, got.Troubles())
				}
			}
			if len(told) < 2 {
				t.Fatalf("the step after the crash was repeated %d times, expected at least 2", len(told))
			}
			for _, message := range told {
				judgeMessage(t, message, s.address, "", c.says)
			}
		})
	}
}

const restartBook = `
runbook "restart" {}
provider "PROVIDER" { CONFIG }
step "ACTION" "before" { ARGUMENTS }
step "ACTION" "after" {
  depends_on = [step.before]
  ARGUMENTS
  retry {
    attempts = 100
    delay    = "100ms"
    backoff  = "constant"
  }
}
# A read that errs is "not yet" to a poll: this one goes on through the crash.
step "ACTION" "poll" {
  depends_on = [step.before]
  ARGUMENTS
  poll {
    until    = true
    interval = "100ms"
    timeout  = "1m"
  }
}
`

// TestPostgresDiesUnderQuery kills the server while it works on a statement.
func TestPostgresDiesUnderQuery(t *testing.T) {
	t.Parallel()
	s := ownPostgres(t)
	source := fill(`
runbook "dies" {}
provider "postgres" { url = "URL" }
step "postgres_query" "slow" {
  sql = "SELECT pg_sleep(CASE WHEN pg_postmaster_start_time() < 'START' THEN 60 ELSE 0 END)"
  timeout = "90s"
  retry {
    attempts = 100
    delay    = "100ms"
    backoff  = "constant"
  }
}
`, "URL", s.url(), "START", now(t, s.url()))
	var first string
	crashed := make(chan struct{})
	got := carryOut(t, source, nil, func(e *run.Event) {
		switch {
		case e.Type == run.StepStarted && e.Attempt == 1:
			go func() {
				defer close(crashed)
				eventually(t, "the query runs", func(ctx context.Context) error { return sleeps(ctx, s.url()) })
				s.kill()
			}()
		case e.Type == run.StepRetrying && first == "":
			first = e.Error
			<-crashed
			s.start()
		}
	})
	if e := got.Ends()["slow"]; e == nil || e.Outcome != run.Pass || e.Attempts < 2 {
		t.Fatalf("the query was not repeated with success: %s", got.Troubles())
	}
	judgeMessage(t, first, s.address, "query", "closed the connection|reset|terminating connection")
}

// connects asks a database for nothing.
func connects(ctx context.Context, url string) error { return ask(ctx, url, "SELECT 1", new(int)) }

func ask(ctx context.Context, url, sql string, into any) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return conn.QueryRow(ctx, sql).Scan(into)
}

// execute runs a statement that gives nothing.
func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // the statement is done
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// now is the server's clock, as text.
func now(t *testing.T, url string) string {
	t.Helper()
	var at string
	if err := ask(t.Context(), url, "SELECT clock_timestamp()::text", &at); err != nil {
		t.Fatal(err)
	}
	return at
}

func sleeps(ctx context.Context, url string) error {
	var n int
	err := ask(ctx, url, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'", &n)
	if err == nil && n == 0 {
		err = fmt.Errorf("nobody sleeps")
	}
	return err
}
