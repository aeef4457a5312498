package chaos

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

const goesOnBook = `
runbook "goes-on" {}
provider "postgres" { url = "URL" }
step "postgres_exec" "first" {
  timeout = "20s"
  sql     = "INSERT INTO marks VALUES ('first')"
  undo "postgres_exec" {
    timeout = "20s"
    sql     = "INSERT INTO marks VALUES ('first back')"
  }
}
step "postgres_exec" "long" {
  depends_on  = [step.first]
  timeout     = "90s"
  transaction = TRANSACTION
  statements  = ["INSERT INTO marks VALUES ('one')", "INSERT INTO marks SELECT 'two' FROM pg_sleep(600)"]
  undo "postgres_exec" {
    timeout = "20s"
    sql     = "DELETE FROM marks WHERE name IN ('one', 'two')"
  }
}
`

// TestNothingBesideAStatementThatGoesOn kills the program while the server works on a write. Nothing is undone, sent or given up
// beside that, whatever is said of it; who looks is told which server process it is and how to end it.
func TestNothingBesideAStatementThatGoesOn(t *testing.T) {
	t.Parallel()
	for _, transaction := range []bool{true, false} {
		t.Run(fmt.Sprintf("transaction %t", transaction), func(t *testing.T) {
			t.Parallel()
			s := ownPostgres(t)
			execute(t, s.url(), "CREATE TABLE marks (name text)")
			book := write(t, "goes_on.hcl", fill(goesOnBook, "URL", s.url(), "TRANSACTION", fmt.Sprint(transaction)))
			store := filepath.Join(t.TempDir(), "runs.db")
			ctx, kill := context.WithCancel(t.Context())
			killed := make(chan ended, 1)
			c := command(ctx, t, "apply", book, "--auto-approve", "--store", store)
			go func() { killed <- await(t, c) }()
			eventually(t, "the write is under way", func(ctx context.Context) error { return sleeps(ctx, s.url()) })
			kill()
			if got := <-killed; got.status != -1 {
				t.Fatalf("exit status %d\n%s%s", got.status, got.stdout, got.stderr)
			}
			var pid int
			if err := ask(t.Context(), s.url(), "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'", &pid); err != nil {
				t.Fatal(err)
			}
			before, id := marks(t, s), runsOf(t, store, 1)[0].ID
			for _, args := range [][]string{
				{"resume", id, "--auto-approve"}, {"resume", id, "--auto-approve", "--in-doubt", "redo"}, {"resume", id, "--auto-approve", "--in-doubt", "done"},
				{"undo", id, "--auto-approve"}, {"undo", id, "first", "--auto-approve"}, {"cancel", id, "--auto-approve"},
			} {
				got := runProgram(t, append(args, "--store", store)...)
				for _, want := range []string{"long still goes on: ", fmt.Sprintf("server process %d", pid), fmt.Sprintf("SELECT pg_terminate_backend(%d)", pid)} {
					if got.status != 4 || !strings.Contains(strings.ToLower(got.stderr), strings.ToLower(want)) {
						t.Errorf("%s: exit status %d, expected %q\n%s%s", args, got.status, want, got.stdout, got.stderr)
					}
				}
			}
			if now := marks(t, s); now != before {
				t.Errorf("the marks are %s, before they were %s", now, before)
			}
			execute(t, s.url(), fmt.Sprintf("SELECT pg_terminate_backend(%d, 60000)", pid)) // waits until it is gone
			got := runProgram(t, "undo", id, "first", "--auto-approve", "--store", store)
			if now := marks(t, s); got.status != 4 || !strings.HasSuffix(now, ",first back") {
				t.Errorf("the marks are %s, exit status %d\n%s%s", now, got.status, got.stdout, got.stderr)
			}
		})
	}
}

// marks are what was written, in its order.
func marks(t *testing.T, s *ownServer) string {
	t.Helper()
	var names string
	if err := ask(t.Context(), s.url(), "SELECT coalesce(string_agg(name, ',' ORDER BY ctid), '') FROM marks", &names); err != nil {
		t.Fatal(err)
	}
	return names
}
