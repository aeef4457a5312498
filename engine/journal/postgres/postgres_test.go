package postgres

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/journal/journaltest"
	"github.com/e82355ed/runbook/engine/run"
)

// superuser is the lab's administrator.
func superuser(t testing.TB) *url.URL {
	t.Helper()
	text := os.Getenv("LAB_DATABASE_SUPERUSER_URL")
	if text == "" {
		t.Fatal(`LAB_DATABASE_SUPERUSER_URL is not set: run "make lab-up" and read its environment file`)
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal("LAB_DATABASE_SUPERUSER_URL is no URL")
	}
	return u
}

// database makes a database of the test's own and gives its URL.
func database(t testing.TB) string {
	t.Helper()
	u := superuser(t)
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Fatal(err)
	}
	name := "journal_" + strings.ToLower(rand.Text()[:10])
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		if err := errors.Join(err, admin.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	own := *u
	own.Path = "/" + name
	return own.String()
}

func open(t testing.TB, address string, access journal.Access) journal.Journal {
	t.Helper()
	j, err := Open(t.Context(), address, access)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() }) //nolint:errcheck // it closes no file
	return j
}

func TestContract(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) (journal.Journal, func() journal.Journal) {
		address := database(t)
		again := func() journal.Journal { return open(t, address, journal.ReadWrite) }
		return again(), again
	})
}

func TestDamageContract(t *testing.T) {
	journaltest.Damage(t, func(t *testing.T) journaltest.Altered {
		address := database(t)
		return journaltest.Altered{
			Open: func(ctx context.Context, access journal.Access) (journal.Journal, error) {
				return Open(ctx, address, access)
			},
			Alter: func(text string) {
				conn, err := pgx.Connect(t.Context(), address)
				if err != nil {
					t.Fatal(err)
				}
				_, err = conn.Exec(t.Context(), "SET search_path TO runbook; "+text)
				if err := errors.Join(err, conn.Close(t.Context())); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

func TestOpenReadOnly(t *testing.T) {
	address := database(t)
	reader := open(t, address, journal.ReadOnly)
	if runs, err := reader.Runs(t.Context(), journal.Filter{}); err != nil || len(runs) != 0 {
		t.Errorf("a database without a history: %v, %v", runs, err)
	}
	if err := reader.Append(t.Context(), "01A", []journal.Entry{started("01A")}); !errors.Is(err, journal.ErrReadOnly) {
		t.Errorf("append: %v", err)
	}
	exec(t, address, "SELECT 1 FROM pg_namespace WHERE nspname = 'runbook'", 0)
}

// exec runs a statement and demands a number of rows.
func exec(t testing.TB, address, statement string, rows int64) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := conn.Exec(ctx, statement)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	if tag.RowsAffected() != rows {
		t.Errorf("%s: %d rows, want %d", statement, tag.RowsAffected(), rows)
	}
}

func TestFirstUseByMany(t *testing.T) {
	address := database(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			j, err := Open(t.Context(), address, journal.ReadWrite)
			if err != nil {
				t.Error(err)
				return
			}
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestOpenRefuses(t *testing.T) {
	newer := database(t)
	open(t, newer, journal.ReadWrite)
	exec(t, newer, "UPDATE runbook.layout SET version = 99", 1)
	wrongPassword, err := url.Parse(newer)
	if err != nil {
		t.Fatal(err)
	}
	wrongPassword.User = url.UserPassword("postgres", "s3cret/word")
	for name, c := range map[string]struct{ address, want string }{
		"a newer layout":       {newer, "newer version"},
		"a wrong password":     {wrongPassword.String(), "check the user and the password"},
		"no such database":     {strings.Replace(newer, "/journal_", "/no_journal_", 1), "does not exist; make the database, or name another"},
		"nobody listens":       {"postgres://bob:s3cret@127.0.0.1:1/db", "postgres://bob@127.0.0.1:1/db can't be used: connection refused; check that the server runs"},
		"no URL":               {"postgres://bob:s3cret@host:port/db", "not a valid PostgreSQL URL"},
		"a password that ends": {"postgres://bob:s3cret/@x@host/db", "not a valid PostgreSQL URL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), c.address, journal.ReadWrite)
			if err == nil {
				t.Fatal("it opens")
			}
			if text := err.Error(); !strings.Contains(text, c.want) || strings.Contains(text, "s3cret") {
				t.Errorf("want %q and no password: %s", c.want, text)
			}
		})
	}
}

func entry(e *run.Event) journal.Entry {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return journal.Entry{Event: e, JSON: text}
}

func started(id string) journal.Entry {
	return entry(&run.Event{V: 1, Seq: 1, Run: id, Type: run.RunStarted, Header: &run.Header{Runbook: "daily", File: "daily.hcl"}})
}

func finished(id string, seq int64) journal.Entry {
	return entry(&run.Event{V: 1, Seq: seq, Run: id, Type: run.StepFinished, Step: "s", Outcome: run.Pass, Result: json.RawMessage(`{"a":1}`)})
}

// TestConnectionsAreCut has the server end the journal's connections again and again: every event is there once.
func TestConnectionsAreCut(t *testing.T) {
	address := database(t)
	j := open(t, address, journal.ReadWrite)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	cuts := 0
	due := make(chan struct{}, 1)
	wg.Go(func() { cuts = cutAll(ctx, t, address, due) })
	const events = 300
	lease, _, err := j.Acquire(t.Context(), "run/01A", journal.Owner{Run: "01A"}, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	for seq := int64(1); seq <= events; seq++ {
		e := started("01A")
		if seq > 1 {
			e = finished("01A", seq)
		}
		if seq%10 == 0 {
			due <- struct{}{} // and on with it: the cut comes sometime during the next events
		}
		if err := errors.Join(j.Append(t.Context(), "01A", []journal.Entry{e}), j.Sync(t.Context())); err != nil {
			t.Fatalf("event %d: %v", seq, err)
		}
		if err := lease.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	wg.Wait()
	n := int64(0)
	for e, err := range open(t, address, journal.ReadOnly).Events(t.Context(), "01A") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.Event.Seq != n {
			t.Fatalf("event %d is number %d", n, e.Event.Seq)
		}
	}
	if n != events || cuts < 5 {
		t.Errorf("%d of %d events, %d cuts", n, events, cuts)
	}
}

// cutAll ends the connections of others whenever that is due until ctx ends, and gives how many it ended.
func cutAll(ctx context.Context, t *testing.T, address string, due <-chan struct{}) (cuts int) {
	conn, err := pgx.Connect(context.Background(), address)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is left to do on it
	for {
		select {
		case <-ctx.Done():
			return cuts
		case <-due:
		}
		tag, err := conn.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'runbook'`)
		if err != nil {
			t.Error(err)
			return cuts
		}
		cuts += int(tag.RowsAffected())
	}
}

// TestCommitsAreOnDisk has a database whose transactions are committed before they are on disk: those of the history are not.
func TestCommitsAreOnDisk(t *testing.T) {
	address := database(t)
	exec(t, address, "ALTER DATABASE "+strings.Split(address[strings.LastIndex(address, "/")+1:], "?")[0]+" SET synchronous_commit = off", 0)
	s := open(t, address, journal.ReadWrite).(*store)
	s.pool.Reset() // the setting is that of new connections
	for seq, e := range []journal.Entry{started("01A"), finished("01A", 2)} {
		queue := &pgx.Batch{}
		if err := enqueue(queue, &batch.Batch{Run: "01A", Runbook: "daily", Entries: []journal.Entry{e}}); err != nil {
			t.Fatal(err)
		}
		var within, after string
		queue.Queue("SHOW synchronous_commit").QueryRow(func(row pgx.Row) error { return row.Scan(&within) })
		err := errors.Join(s.pool.SendBatch(t.Context(), queue).Close(), s.pool.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&after))
		if err != nil || within != "on" || after != "off" {
			t.Errorf("event %d: %q in its transaction, %q after it, %v", seq+1, within, after, err)
		}
	}
}

// TestClockOfLeases sets the server's clock under a lease, which is the same as to set the times that it has written: only
// that clock counts. It is no lock of two at once, as its holder finds out before it writes again.
func TestClockOfLeases(t *testing.T) {
	for name, c := range map[string]struct {
		written string
		freed   bool
	}{
		"forwards": {"expires_at - interval '1 hour'", true},
		"back":     {"expires_at + interval '1 hour'", false},
	} {
		t.Run(name, func(t *testing.T) {
			address := database(t)
			j := open(t, address, journal.ReadWrite)
			away := journal.Owner{Run: "01A", Host: "elsewhere", Boot: "another boot", PID: 1}
			lease, _, err := j.Acquire(t.Context(), "deploy", away, time.Minute, nil)
			if err != nil {
				t.Fatal(err)
			}
			exec(t, address, "UPDATE runbook.locks SET expires_at = "+c.written, 1)
			exec(t, address, "UPDATE runbook.locks SET sum = "+lockSum, 1)
			locks, err := j.Locks(t.Context())
			if err != nil || len(locks) != 1 {
				t.Fatalf("locks: %+v, %v", locks, err)
			}
			_, _, err = j.Acquire(t.Context(), "deploy", journal.Owner{Run: "01B"}, time.Minute, &locks[0])
			if free := err == nil; free != c.freed || !free && !errors.Is(err, journal.ErrLocked) {
				t.Errorf("another run takes the lock: %v", err)
			}
			if err := lease.Renew(t.Context()); (err == nil) == c.freed || c.freed && !errors.Is(err, journal.ErrLeaseLost) {
				t.Errorf("its holder renews it: %v", err)
			}
			if c.freed {
				return
			}
			// Renewed by the clock as it is now.
			locks, err = j.Locks(t.Context())
			if err != nil || len(locks) != 1 || time.Until(locks[0].ExpiresAt) > 10*time.Minute {
				t.Errorf("locks: %+v, %v", locks, err)
			}
		})
	}
}

func Benchmark(b *testing.B) {
	journaltest.Benchmark(b, func(b *testing.B) journal.Journal { return open(b, database(b), journal.ReadWrite) })
}
