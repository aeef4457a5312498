package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
)

// oldFile is what is in a file that the program wrote when its layout was the newest.
type oldFile struct {
	runs           map[string]string
	killed         string
	runbook, value string
	values, sealed int
	locks          []string
	// messages are those of the run mailed; hash is that of a file of the killed run, if there is one.
	mailed   string
	messages int
	hash     string
	prunable int
}

// ofLayout2 is what layout2.db has, and layout3.db to layout5.db, which the program made of it when these were the newest.
var ofLayout2 = oldFile{
	runs: map[string]string{
		"01M87J05FX85X5KJVB2Y87R1JN": "running ", "01M87J05ERKR2XVSHE79884XGG": "paused ",
		"01M87J05DACR078D1Z8004G8S6": "ended pass", "01M87J05BZ2E851V856BKSNWDP": "ended pass",
	},
	killed: "01M87J05FX85X5KJVB2Y87R1JN", runbook: "disk-check-short", value: "root.used", values: 2, sealed: 5, prunable: 2,
	locks: []string{"disk", "run/01M87J05FX85X5KJVB2Y87R1JN"}, mailed: "01M87J05ERKR2XVSHE79884XGG", messages: 1,
	hash: "bc46db09a8cf716d71b2647cb184ed1a6bf342bf40881fd17158c1335ecb5818",
}

var oldFiles = map[string]oldFile{
	"layout1.db": {
		runs: map[string]string{
			"01M877KYVJX4XEPV9VV76ZERAM": "running ", "01M877KYTSWN116SZP9N5SGY3G": "ended fail",
			"01M877KYSV153P1A0D3XSCQN23": "ended pass", "01M877KYRE8MYGY43TQF8Z2ZRR": "ended pass",
		},
		killed: "01M877KYVJX4XEPV9VV76ZERAM", runbook: "disk-check", value: "root.used", values: 2, prunable: 3,
		mailed: "01M877KYVJX4XEPV9VV76ZERAM",
	},
	"layout2.db": ofLayout2, "layout3.db": ofLayout2, "layout4.db": ofLayout2, "layout5.db": ofLayout2,
}

// TestOldLayouts reads each old file as it is and after it was brought to the present layout, and has its runs go on.
func TestOldLayouts(t *testing.T) {
	for name, want := range oldFiles {
		t.Run(name, func(t *testing.T) {
			old, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "runs.db")
			if err := os.WriteFile(path, old, 0o600); err != nil {
				t.Fatal(err)
			}
			reader, err := OpenReadOnly(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			before := contentOf(t, reader)
			want.check(t, reader, before)
			if err := reader.Close(); err != nil {
				t.Fatal(err)
			}
			unchanged(t, path, old)
			j := open(t, path)
			if diff := cmp.Diff(before, contentOf(t, j)); diff != "" {
				t.Errorf("after it was brought to the present layout (-before +after):\n%s", diff)
			}
			want.goesOn(t, j, int64(len(before.Events[want.killed])+1))
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func (f *oldFile) check(t *testing.T, j journal.Journal, got content) {
	t.Helper()
	statuses, sealed := map[string]string{}, 0
	for _, r := range got.Runs {
		statuses[r.ID] = string(r.Status) + " " + string(r.Outcome)
		for _, e := range got.Events[r.ID] {
			if e.Sealed != nil {
				sealed++
			}
		}
	}
	if diff := cmp.Diff(f.runs, statuses); diff != "" || sealed != f.sealed {
		t.Errorf("%d sealed parts, runs (-want +got):\n%s", sealed, diff)
	}
	values, err := j.Values(t.Context(), f.runbook, f.value, 10)
	if err != nil || len(values) != f.values {
		t.Errorf("values: %+v, %v", values, err)
	}
	if diff := cmp.Diff(f.locks, got.Locks); diff != "" || len(got.Messages[f.mailed]) != f.messages {
		t.Errorf("messages: %v, locks (-want +got):\n%s", got.Messages, diff)
	}
	if _, err := j.Prune(t.Context(), journal.Old{Before: time.Now()}); !errors.Is(err, journal.ErrReadOnly) {
		t.Errorf("prune: %v", err)
	}
}

// goesOn adds the killed run's next event and prunes what has ended.
func (f *oldFile) goesOn(t *testing.T, j journal.Journal, next int64) {
	t.Helper()
	if f.hash != "" {
		if _, err := j.File(t.Context(), f.killed, f.hash); err != nil {
			t.Error(err)
		}
	}
	if err := errors.Join(j.Append(t.Context(), f.killed, []journal.Entry{finished(f.killed, next)}), j.Sync(t.Context())); err != nil {
		t.Errorf("an old run does not go on: %v", err)
	}
	if n, err := j.Prune(t.Context(), inYears); err != nil || n != f.prunable {
		t.Errorf("pruned %d, %v", n, err)
	}
	left := contentOf(t, j)
	if got := len(left.Events[f.killed]); int64(got) != next || len(left.Runs) != len(f.runs)-f.prunable {
		t.Errorf("%d runs are left, and %d events of the killed one", len(left.Runs), got)
	}
}

var inYears = journal.Old{Before: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), LeftOver: true}

// content is what a journal holds.
type content struct {
	Runs     []journal.Summary
	Events   map[string][]journal.Entry
	Messages map[string][]journal.Message
	Locks    []string
	Prunable int
}

func contentOf(t *testing.T, j journal.Journal) content {
	t.Helper()
	c := content{Events: map[string][]journal.Entry{}, Messages: map[string][]journal.Message{}}
	var errs [3]error
	c.Runs, errs[0] = j.Runs(t.Context(), journal.Filter{})
	c.Prunable, errs[1] = j.Prunable(t.Context(), inYears)
	for _, r := range c.Runs {
		for e, err := range j.Events(t.Context(), r.ID) {
			if err != nil {
				t.Fatal(err)
			}
			c.Events[r.ID] = append(c.Events[r.ID], e)
		}
		messages, err := j.Messages(t.Context(), r.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		c.Messages[r.ID] = messages
	}
	var locks []journal.Lock
	locks, errs[2] = j.Locks(t.Context())
	for _, l := range locks {
		c.Locks = append(c.Locks, l.Name)
	}
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestOldLayoutInUse: the layout is not changed under a process of an older version that runs a run, and is once that is gone.
func TestOldLayoutInUse(t *testing.T) {
	old, err := os.ReadFile(filepath.Join("testdata", "layout2.db"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "runs.db")
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	lease := func(end time.Time) {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), `UPDATE locks SET expires_at = ?, owner = json_set(owner, '$.host', 'elsewhere', '$.boot', 'another')
			WHERE name LIKE 'run/%'`, end.UnixMicro())
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	lease(time.Now().Add(time.Minute))
	if j, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "on elsewhere runs run 01M87J05FX85X5KJVB2Y87R1JN with an older version") {
		t.Errorf("%v, %v", j, err)
	}
	reader, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Runs(t.Context(), journal.Filter{}); err != nil {
		t.Error(err)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	lease(time.Now().Add(-time.Second))
	j, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// TestOldLayoutIsDamaged: what changed within an event before events had sums is noticed where it is no event any more, and the file stays
// as it is.
func TestOldLayoutIsDamaged(t *testing.T) {
	for _, name := range []string{"layout1.db", "layout2.db", "layout3.db"} {
		bad, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		bad[bytes.LastIndex(bad, []byte(`{"v":1,"seq":2,`))] = 'x'
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if j, err := Open(t.Context(), path); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), "event 2 can't be read") {
			t.Errorf("%s: %v, %v", name, j, err)
		}
		unchanged(t, path, bad)
	}
}
