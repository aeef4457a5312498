package journaltest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

func entries(t *testing.T, list []run.Event) []journal.Entry {
	t.Helper()
	out := make([]journal.Entry, len(list))
	for i := range list {
		text, err := json.Marshal(list[i])
		if err != nil {
			t.Fatal(err)
		}
		out[i] = journal.Entry{Event: &list[i], JSON: text}
	}
	return out
}

func appendAll(t *testing.T, j journal.Journal, list []journal.Entry) error {
	t.Helper()
	return errors.Join(j.Append(t.Context(), list[0].Event.Run, list), j.Sync(t.Context()))
}

func file(content string) journal.File {
	sum := sha256.Sum256([]byte(content))
	return journal.File{SHA256: hex.EncodeToString(sum[:]), Content: []byte(content)}
}

func sealedAndFiles(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	list := entries(t, events("01A", "daily", run.Pass, start))
	shared, empty, own := file("shared"), file(""), file("own\x00\xff")
	list[0].Files, list[0].Sealed = []journal.File{shared, empty, own}, []byte("inputs")
	list[3].Sealed = []byte{0, 1, 2, 255}
	if err := appendAll(t, j, list[:2]); err != nil {
		t.Fatal(err)
	}
	if err := appendAll(t, j, list[2:]); err != nil {
		t.Fatal(err)
	}
	second := entries(t, events("01B", "daily", run.Pass, start))
	second[0].Files = []journal.File{shared}
	if err := appendAll(t, j, second); err != nil {
		t.Fatal(err)
	}
	other := reopen()
	defer closeIt(t, other)
	var sealed [][]byte
	for e, err := range other.Events(t.Context(), "01A") {
		if err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, e.Sealed)
	}
	if diff := cmp.Diff([][]byte{[]byte("inputs"), nil, nil, {0, 1, 2, 255}, nil}, sealed); diff != "" {
		t.Errorf("sealed (-want +got):\n%s", diff)
	}
	if r, err := journal.Check(t.Context(), other); err != nil || !r.Sound() || r.Readable != 2 {
		t.Errorf("check: %+v, %v", r, err)
	}
	for _, f := range []journal.File{shared, empty, own} {
		got, err := other.File(t.Context(), "01a", f.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f.Content, got); diff != "" {
			t.Errorf("file (-want +got):\n%s", diff)
		}
	}
	for id, hash := range map[string]string{"01A": file("unknown").SHA256, "01B": own.SHA256} {
		if _, err := other.File(t.Context(), id, hash); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), "is missing") {
			t.Errorf("file of %s: got %v", id, err)
		}
	}
	if _, err := other.File(t.Context(), "01C", shared.SHA256); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("file of a run that is not there: got %v", err)
	}
}

// sessions of a run change where it stands.
func sessionsChangeStatus(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	list := events("01A", "daily", run.Fail, start)
	paused, finished := 3, 1
	list = append(list[:3], run.Event{Type: run.RunPaused, ExitStatus: &paused},
		run.Event{Type: run.RunResumed}, list[4],
		run.Event{Type: run.RunResumed})
	list[5].ExitStatus = &finished
	for i := range list {
		list[i].V, list[i].Seq, list[i].Run, list[i].Time = run.Version, int64(i+1), "01A", start
	}
	type state struct {
		Status  journal.Status
		Outcome run.Outcome
		Exit    *int
		Counted bool
	}
	running := state{Status: journal.Running}
	want := []state{
		running, running, running, {Status: journal.Paused, Exit: &paused}, running,
		{Status: journal.Ended, Outcome: run.Fail, Exit: &finished, Counted: true}, running,
	}
	for i, e := range entries(t, list) {
		// Each session is another process.
		session := reopen()
		if err := appendAll(t, session, []journal.Entry{e}); err != nil {
			t.Fatal(err)
		}
		closeIt(t, session)
		runs, err := j.Runs(t.Context(), journal.Filter{})
		if err != nil || len(runs) != 1 {
			t.Fatal(runs, err)
		}
		got := state{runs[0].Status, runs[0].Outcome, runs[0].ExitStatus, len(runs[0].Counts) > 0}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("after event %d (-want +got):\n%s", i+1, diff)
		}
	}
}

func messagesInOrder(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	write(t, j, events("01A", "daily", run.Pass, start)[:2])
	write(t, j, events("01B", "daily", run.Pass, start)[:2])
	other := reopen()
	defer closeIt(t, other)
	if err := other.Send(t.Context(), "02", journal.Message{Kind: journal.MessageCancel}); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("to an unknown run: %v", err)
	}
	sent := []journal.Message{
		{Kind: journal.MessageAnswer, Step: "ask", Sealed: []byte{0, 255}, Answer: &run.Answer{Value: json.RawMessage(`true`), By: "bob@ops", Note: "ä\n\"", Via: run.ViaCommand}, At: start, By: "bob@ops"},
		{Kind: journal.MessageCancel, At: start.Add(time.Second), By: "eve@ops"},
		{Kind: journal.MessageCancel, At: start.Add(-time.Hour), By: "bob@ops"},
	}
	for i, m := range sent {
		if err := other.Send(t.Context(), "01a", m); err != nil {
			t.Fatal(err)
		}
		if err := other.Send(t.Context(), "01B", sent[(i+1)%3]); err != nil {
			t.Fatal(err)
		}
	}
	got, err := j.Messages(t.Context(), "01A", 0)
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	rest, err := j.Messages(t.Context(), "01A", got[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got[1:], rest); diff != "" {
		t.Errorf("after the first (-want +got):\n%s", diff)
	}
	if err := other.Discard(t.Context(), "01a", got[0].ID, got[2].ID, 1<<40); err != nil {
		t.Fatal(err)
	}
	if left, err := j.Messages(t.Context(), "01A", 0); err != nil || len(left) != 1 || left[0].ID != got[1].ID {
		t.Errorf("after two were discarded: %v, %v", left, err)
	}
	if others, err := j.Messages(t.Context(), "01B", 0); err != nil || len(others) != 3 {
		t.Errorf("of another run: %v, %v", others, err)
	}
	for i := range got {
		if i > 0 && got[i].ID <= got[i-1].ID {
			t.Errorf("ids don't rise: %d after %d", got[i].ID, got[i-1].ID)
		}
		got[i].ID = 0
	}
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}
