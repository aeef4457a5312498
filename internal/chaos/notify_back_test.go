package chaos

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// bothDue is a run that paused, and whose two levels have fallen due while nobody ran it.
func bothDue(t *testing.T, p *pager) (store, id string) {
	t.Helper()
	book := strings.Replace(pagingBook(p, "20m", ""), "contact = contact.ann\n", "contact = contact.ann\n    after = \"10m\"\n", 1)
	store = filepath.Join(t.TempDir(), "runs.db")
	if got := paging(t, nil, "apply", write(t, "night.hcl", book), "--store", store); got.status != cli3 {
		t.Fatalf("status %d: %s%s", got.status, got.stdout, got.stderr)
	}
	if len(p.got()) > 0 {
		t.Fatalf("%+v were sent by the run that paused", p.got())
	}
	id = runsOf(t, store, 1)[0].ID
	return longAgo(t, store, id, 30*time.Minute), id
}

// longAgo is a store in which a run took place that much earlier.
func longAgo(t *testing.T, store, id string, by time.Duration) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "earlier.db")
	from, to := openStore(t, store), openStore(t, path)
	defer closeStore(t, from)
	defer closeStore(t, to)
	for entry, err := range from.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		e := entry.Event
		e.Time = e.Time.Add(-by)
		if e.Deadline != nil {
			*e.Deadline = e.Deadline.Add(-by)
		}
		if e.Header != nil {
			for _, ref := range e.Files {
				content, err := from.File(t.Context(), id, ref.SHA256)
				if err != nil {
					t.Fatal(err)
				}
				entry.Files = append(entry.Files, journal.File{SHA256: ref.SHA256, Content: content})
			}
		}
		if entry.JSON, err = json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		if err := to.Append(t.Context(), id, []journal.Entry{entry}); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestKilledBetweenNotices kills the process while the last of two levels that fell due can't be told, and the one before it is
// tried. However that goes, each is sent at most once, and somebody is told or it is said that nobody is known to have been.
func TestKilledBetweenNotices(t *testing.T) {
	t.Parallel()
	p := newPager(t, "/page/2")
	store, id := bothDue(t, p)
	if got := paging(t, nil, "resume", id, "--store", store); got.status != cli3 {
		t.Fatalf("status %d: %s%s", got.status, got.stdout, got.stderr)
	}
	events := map[run.Type][]int64{}
	for _, e := range eventsOf(t, store, id) {
		events[e.Type] = append(events[e.Type], e.Seq)
	}
	if diff := cmp.Diff([]string{"fail", "pass"}, endsOf(eventsOf(t, store, id))); diff != "" {
		t.Fatal(diff)
	}
	const both, first, doubt, nobody = "POST /page/2 POST /page/1", "POST /page/2", "error in doubt", "waits, and nobody is known to have been told: calm"
	for name, c := range map[string]struct {
		event      int64
		side, sent string
		ends       []string
		runs       string
	}{
		"the refusal is lost":        {events[run.NotifyFinished][0], before, both, []string{doubt, "pass"}, ""},
		"it was refused":             {events[run.NotifyFinished][0], after, both, []string{"fail", "pass"}, ""},
		"before the other is known":  {events[run.NotifyStarted][1], before, both, []string{"fail", "pass"}, ""},
		"before the other is sent":   {events[run.NotifyStarted][1], after, first, []string{"fail", doubt}, nobody},
		"before its end is known":    {events[run.NotifyFinished][1], before, both, []string{"fail", doubt}, nobody},
		"the other was told in time": {events[run.NotifyFinished][1], after, both, []string{"fail", "pass"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPager(t, "/page/2")
			store, id := bothDue(t, p)
			if got := paging(t, &death{at: c.event, side: c.side}, "resume", id, "--store", store); got.status != -1 {
				t.Fatalf("status %d, expected the process to be killed: %s%s", got.status, got.stdout, got.stderr)
			}
			for range 2 {
				if got := paging(t, nil, "resume", id, "--store", store); got.status != cli3 || strings.Contains(got.stdout, "call by hand: level 1, Ann") != (c.runs != "") {
					t.Errorf("status %d: %s%s", got.status, got.stdout, got.stderr)
				}
			}
			if diff := cmp.Diff(c.sent, strings.Join(p.paths(), " ")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.ends, endsOf(eventsOf(t, store, id))); diff != "" {
				t.Error(diff)
			}
			if got := paging(t, nil, "runs", "--store", store); strings.Contains(got.stdout, nobody) != (c.runs != "") {
				t.Errorf("%s%s", got.stdout, got.stderr)
			}
		})
	}
}
