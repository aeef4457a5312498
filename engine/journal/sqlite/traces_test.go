package sqlite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestWhatIsDeletedIsGone: a message may hold a secret that its run would have blanked, so it is not on a free page, nor in the log,
// once it is deleted; nor is a pruned run.
func TestWhatIsDeletedIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	j := open(t, path)
	defer closing(t, j)
	watcher, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, watcher)
	began := time.Now().Add(-time.Hour)
	keepRun(t, j, "01PRUNED", began)
	keepRun(t, j, "01KEPT", time.Now())
	if _, err := watcher.Messages(t.Context(), "01KEPT", 0); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		note := strings.Repeat(fmt.Sprintf("trace-of-message-%d ", i), 1+i*20)
		m := journal.Message{Kind: journal.MessageAnswer, Step: "a", Answer: &run.Answer{Value: json.RawMessage("true"), Note: note}, At: began, By: "ann@ops"}
		if err := j.Send(t.Context(), "01KEPT", m); err != nil {
			t.Fatal(err)
		}
	}
	traces(t, path, "trace-of-message", true)
	got, err := j.Messages(t.Context(), "01KEPT", 0)
	if err != nil || len(got) != 40 {
		t.Fatal(len(got), err)
	}
	for _, m := range got {
		if err := j.Discard(t.Context(), "01KEPT", m.ID); err != nil {
			t.Fatal(err)
		}
	}
	traces(t, path, "trace-of-message", false)
	traces(t, path, "01PRUNED", true)
	if n, err := j.Prune(t.Context(), journal.Old{Before: began.Add(time.Minute)}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	traces(t, path, "01PRUNED", false)
	traces(t, path, "01KEPT", true)
}

// TestDeletingWaitsForNobody: what still reads an old state keeps the log as it is, and is not waited for.
func TestDeletingWaitsForNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	j := open(t, path)
	defer closing(t, j)
	keepRun(t, j, "01A", time.Now())
	if err := j.Send(t.Context(), "01A", journal.Message{Kind: journal.MessageCancel, By: "ann@ops"}); err != nil {
		t.Fatal(err)
	}
	watcher, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, watcher)
	rows, err := watcher.(*store).db.QueryContext(t.Context(), "SELECT body FROM messages")
	if err != nil || !rows.Next() {
		t.Fatal("there is no message to read: ", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := errors.Join(j.Discard(ctx, "01A", 1), rows.Close(), rows.Err()); err != nil {
		t.Fatal(err)
	}
	if left, err := j.Messages(t.Context(), "01A", 0); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}

func closing(t *testing.T, j journal.Journal) {
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// keepRun keeps a run of some pages that has ended.
func keepRun(t *testing.T, j journal.Journal, id string, at time.Time) {
	t.Helper()
	var list []journal.Entry
	for _, e := range []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: "daily"}}, {Type: run.StepStarted, Step: "a", Attempt: 1},
		{Type: run.StepFinished, Step: "a", Outcome: run.Pass, Result: json.RawMessage(`"` + strings.Repeat(id+" ", 5000) + `"`)},
		{Type: run.RunFinished, Outcome: run.Pass},
	} {
		e.V, e.Seq, e.Time, e.Run = run.Version, int64(len(list)+1), at, id
		list = append(list, entry(&e))
	}
	if err := errors.Join(j.Append(t.Context(), id, list), j.Sync(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// traces looks for a text in the file and its log.
func traces(t *testing.T, path, text string, want bool) {
	t.Helper()
	found := 0
	for _, name := range []string{path, logOf(path)} {
		content, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		found += bytes.Count(content, []byte(text))
	}
	if (found > 0) != want {
		t.Errorf("%q is there %d times, wanted: %t", text, found, want)
	}
}
