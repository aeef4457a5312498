package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/journaltest"
	"github.com/e82355ed/runbook/engine/run"
)

func open(t testing.TB, path string) journal.Journal {
	t.Helper()
	j, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestContract(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) (journal.Journal, func() journal.Journal) {
		path := filepath.Join(t.TempDir(), "a folder?", "runs.db")
		j := open(t, path)
		t.Cleanup(func() {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
		return j, func() journal.Journal { return open(t, path) }
	})
}

func TestDamageContract(t *testing.T) {
	journaltest.Damage(t, func(t *testing.T) journaltest.Altered {
		path := filepath.Join(t.TempDir(), "runs.db")
		return journaltest.Altered{
			Open: func(ctx context.Context, access journal.Access) (journal.Journal, error) {
				if access == journal.ReadOnly {
					return OpenReadOnly(ctx, path)
				}
				return Open(ctx, path)
			},
			Alter: func(text string) { statement(text)(t, path) },
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	newer := filepath.Join(dir, "newer.db")
	j := open(t, newer)
	if _, err := j.(*store).db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	junk := filepath.Join(dir, "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(dir, "short.db")
	if err := os.WriteFile(short, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "CREATE TABLE customers (id INTEGER)")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	device := filepath.Join(dir, "null")
	if err := os.Symlink(os.DevNull, device); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for name, c := range map[string]struct{ path, want string }{
		"a newer layout":             {newer, "newer version"},
		"not a database":             {junk, "no history of runs but some other file"},
		"a short text":               {short, "no history of runs but some other file"},
		"another program's":          {foreign, "database of another program"},
		"a folder that is a file":    {filepath.Join(junk, "runs.db"), "not a directory"},
		"a folder instead of a file": {dir, "is a directory"},
		"a device":                   {device, "it is a device"},
		"memory":                     {":memory:", "gone with the program"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, open := range []func(context.Context, string) (journal.Journal, error){Open, OpenReadOnly} {
				before, _ := os.ReadFile(c.path) // not all of them are files
				j, err := open(t.Context(), c.path)
				if err == nil {
					j.Close() //nolint:errcheck // the test has failed already
					t.Fatal("it opens")
				}
				if after, _ := os.ReadFile(c.path); !bytes.Equal(before, after) {
					t.Error("the file is another now")
				}
				if errors.Is(err, journal.ErrDamaged) {
					t.Errorf("it is called damaged: %v", err)
				}
				if text := err.Error(); !strings.Contains(text, c.want) || !strings.Contains(text, c.path) && !strings.Contains(text, junk) {
					t.Errorf("the error must name the path and %q: %s", c.want, text)
				}
			}
		})
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("something was made: %v %v", left, err)
	}
}

// started is the first event of a run, finished one of its steps.
func started(id string) journal.Entry {
	return entry(&run.Event{V: 1, Seq: 1, Run: id, Type: run.RunStarted, Header: &run.Header{Runbook: "bench", File: "bench.hcl"}})
}

func finished(id string, seq int64) journal.Entry {
	return entry(&run.Event{V: 1, Seq: seq, Run: id, Type: run.StepFinished, Step: "s", Outcome: run.Pass, Result: json.RawMessage(`{"a":1}`)})
}

func entry(e *run.Event) journal.Entry {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return journal.Entry{Event: e, JSON: text}
}

func Benchmark(b *testing.B) {
	journaltest.Benchmark(b, func(b *testing.B) journal.Journal {
		j := open(b, filepath.Join(b.TempDir(), "runs.db"))
		b.Cleanup(func() {
			if err := j.Close(); err != nil {
				b.Error(err)
			}
		})
		return j
	})
}

func BenchmarkOpenAppendSync(b *testing.B) {
	path := filepath.Join(b.TempDir(), "runs.db")
	j := open(b, path)
	if err := errors.Join(j.Append(b.Context(), "01A", []journal.Entry{started("01A")}), j.Close()); err != nil {
		b.Fatal(err)
	}
	n := int64(1)
	for b.Loop() {
		j := open(b, path)
		for range 3 {
			n++
			if err := errors.Join(j.Append(b.Context(), "01A", []journal.Entry{finished("01A", n)}), j.Sync(b.Context())); err != nil {
				b.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
