package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// The runs of testdata/layout1.db, which the program wrote when layout 1 was the newest; the last was killed.
const (
	killed  = "01M877KYVJX4XEPV9VV76ZERAM"
	failing = "01M877KYTSWN116SZP9N5SGY3G"
	second  = "01M877KYSV153P1A0D3XSCQN23"
	first   = "01M877KYRE8MYGY43TQF8Z2ZRR"
)

// TestLayout1 reads a file of layout 1 as it is, and after it was brought to the present one.
func TestLayout1(t *testing.T) {
	old, err := os.ReadFile("testdata/layout1.db")
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
	readLayout1(t, reader)
	if _, err := reader.Prune(t.Context(), time.Now()); !errors.Is(err, journal.ErrReadOnly) {
		t.Errorf("prune: %v", err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	unchanged(t, path, old)
	j := open(t, path)
	readLayout1(t, j)
	n := int64(0)
	for e, err := range j.Events(t.Context(), killed) {
		if err != nil {
			t.Fatal(err)
		}
		n = e.Event.Seq
	}
	if err := errors.Join(j.Append(t.Context(), killed, []journal.Entry{finished(killed, n+1)}), j.Sync(t.Context())); err != nil {
		t.Errorf("an old run does not go on: %v", err)
	}
	if n, err := j.Prune(t.Context(), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil || n != 3 {
		t.Errorf("pruned %d, %v", n, err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func readLayout1(t *testing.T, j journal.Journal) {
	t.Helper()
	runs, err := j.Runs(t.Context(), journal.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range runs {
		got[r.ID] = string(r.Status) + " " + string(r.Outcome)
		if err := readAll(t, j, r.ID); err != nil {
			t.Error(err)
		}
	}
	want := map[string]string{killed: "running ", failing: "ended fail", second: "ended pass", first: "ended pass"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	values, err := j.Values(t.Context(), "disk-check", "root.used", 10)
	if err != nil || len(values) != 2 || values[0].Run != second || values[0].Outcome != run.Pass {
		t.Errorf("values: %+v, %v", values, err)
	}
	if locks, err := j.Locks(t.Context()); err != nil || len(locks) != 0 {
		t.Errorf("locks: %v, %v", locks, err)
	}
	if messages, err := j.Messages(t.Context(), killed, 0); err != nil || len(messages) != 0 {
		t.Errorf("messages: %v, %v", messages, err)
	}
	if n, err := j.Prunable(t.Context(), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil || n != 3 {
		t.Errorf("prunable: %d, %v", n, err)
	}
}
