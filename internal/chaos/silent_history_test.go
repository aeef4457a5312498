package chaos

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
)

// TestHistoryFallsSilentUnderSteps loses what the PostgreSQL that keeps the history answers, for longer than the steps that wait for it
// may take and for a command that is told to end. Each command starts when the history has it, and has all of its time.
func TestHistoryFallsSilentUnderSteps(t *testing.T) {
	t.Parallel()
	const steps, limit = 8, 5 * time.Second
	const silence = 2*limit + 2*time.Second
	dir := t.TempDir()
	ready, goOn, seen := filepath.Join(dir, "ready"), filepath.Join(dir, "go-on"), filepath.Join(dir, "seen")
	var b strings.Builder
	fmt.Fprintf(&b, "runbook \"silent\" {}\nstep \"local_command\" \"first\" {\n  timeout = \"1m\"\n  command = [\"sh\", \"-c\", %q]\n}\n",
		fmt.Sprintf("touch %s; until [ -e %s ]; do sleep 0.05; done", ready, goOn))
	for i := range steps {
		fmt.Fprintf(&b, "step \"local_command\" \"write%d\" {\n  timeout = %q\n  command = [\"sh\", \"-c\", \"echo %[1]d >> %[3]s\"]\n}\n", i, limit.String(), seen)
	}
	store := labDatabase(t)
	p := newProxy(t, "history", store.Host)
	through := *store
	through.Host = p.Listen
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := command(ctx, t, "apply", write(t, "silent.hcl", b.String()), "--auto-approve", "--store", through.String())
	over := make(chan ended, 1)
	go func() { over <- await(t, c) }()
	eventually(t, "the first command runs", func(context.Context) error { _, err := os.Stat(ready); return err })
	p.poison(toxic{kind: "timeout", attributes: `"timeout": 0`})
	if err := os.WriteFile(goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	struck := time.Now()
	var got ended
	select {
	case got = <-over:
		t.Errorf("it ended while nothing that it was told could be kept, after %v", time.Since(struck))
	case <-time.After(silence): // so long the fault lasts
		p.Toxics.ResetToxics(ctx) // which ends the connections that it befell
		got = <-over
	}
	if got.status != cli0 {
		t.Errorf("the run ended with status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
	lines, err := os.ReadFile(seen)
	if want := "0\n1\n2\n3\n4\n5\n6\n7\n"; err != nil || string(lines) != want {
		t.Errorf("the commands wrote %q (%v), want %q", lines, err, want)
	}
	runs := runsOf(t, store.String(), 1)
	if len(runs) != 1 {
		t.Fatalf("%d runs are listed", len(runs))
	}
	for _, e := range eventsOf(t, store.String(), runs[0].ID) {
		if e.InDoubt || e.Error != "" || e.Type == run.StepFinished && e.Outcome != run.Pass {
			t.Errorf("%s of %s: %s (in doubt: %v) %s", e.Type, e.Step, e.Outcome, e.InDoubt, e.Error)
		}
	}
}

// labDatabase makes a database of the test's own on the lab's PostgreSQL.
func labDatabase(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(runtest.Lab(t, os.Environ())["LAB_DATABASE_SUPERUSER_URL"])
	if err != nil || u.Host == "" {
		t.Fatal("LAB_DATABASE_SUPERUSER_URL is no URL")
	}
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Fatal(err)
	}
	name := "chaos_" + strings.ToLower(rand.Text()[:10])
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		if err := errors.Join(err, admin.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	return u
}
