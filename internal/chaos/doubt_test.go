package chaos

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const doubtBook = `
runbook "dies" {}
provider "postgres" { url = "URL" }
step "postgres_exec" "write" {
  sql         = "INSERT INTO marks SELECT 'written' FROM pg_sleep(CASE WHEN pg_postmaster_start_time() < 'START' THEN 60 ELSE 0 END)"
  transaction = TRANSACTION
  timeout     = "90s"
  retry {
    attempts = 100
    delay    = "100ms"
    backoff  = "constant"
  }
}
`

var runID = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{26}\b`)

// TestPostgresDiesUnderWrite kills the server while it works on a write. In a transaction that was not committed nothing was
// done, and the step's retry sends it again. Without one nobody knows: it is in doubt, and only a person's word sends it.
func TestPostgresDiesUnderWrite(t *testing.T) {
	t.Parallel()
	for _, transaction := range []bool{true, false} {
		t.Run(fmt.Sprintf("transaction %t", transaction), func(t *testing.T) {
			s := ownPostgres(t)
			execute(t, s.url(), "CREATE TABLE marks (name text)")
			book := write(t, "dies.hcl", fill(doubtBook, "URL", s.url(), "START", now(t, s.url()), "TRANSACTION", fmt.Sprint(transaction)))
			store := filepath.Join(t.TempDir(), "runs.db")
			crashed := make(chan struct{})
			go func() {
				defer close(crashed)
				eventually(t, "the write is under way", func(ctx context.Context) error { return sleeps(ctx, s.url()) })
				s.kill()
				s.start()
			}()
			got := runProgram(t, "apply", book, "--auto-approve", "--store", store)
			<-crashed
			if !transaction {
				if got.status != 4 || !strings.Contains(got.stdout+got.stderr, "in doubt") {
					t.Errorf("exit status %d\n%s%s", got.status, got.stdout, got.stderr)
				}
				id := runID.FindString(got.stdout + got.stderr)
				if got = runProgram(t, "resume", id, "--store", store); got.status != 4 || !strings.Contains(got.stderr, "--in-doubt done or --in-doubt redo") {
					t.Errorf("resume without a word: exit status %d\n%s%s", got.status, got.stdout, got.stderr)
				}
				got = runProgram(t, "resume", id, "--in-doubt", "redo", "--store", store)
			}
			if got.status != 0 {
				t.Errorf("exit status %d\n%s%s", got.status, got.stdout, got.stderr)
			}
			var n int
			if err := ask(t.Context(), s.url(), "SELECT count(*) FROM marks", &n); err != nil || n != 1 {
				t.Errorf("the write took place %d times, %v", n, err)
			}
		})
	}
}
