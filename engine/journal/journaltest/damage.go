package journaltest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// Altered is a store that somebody changes behind its back.
type Altered struct {
	Open func(ctx context.Context, access journal.Access) (journal.Journal, error)
	// Alter runs a statement of SQL in which tables are named as both stores name them.
	Alter func(statement string)
}

// alterations are what somebody did to a store with the runs 01A and 01B, what tells of it, and which use of it is refused.
var alterations = map[string]struct {
	statement, says string
	use             func(context.Context, journal.Journal) error
}{
	"a message says something else": {`UPDATE messages SET body = '{"kind":"answer","step":"ask","at":"2026-01-29T09:00:00Z","by":"eve@ops"}'`, aMessage, readMessages},
	"a message to another run":      {`UPDATE messages SET run = '01B'`, "run 01B: ", readMessages},
	"a message of another number":   {`INSERT INTO messages (run, body, sum) SELECT run, body, sum FROM messages`, aMessage, readMessages},
	"a message without its sum":     {`UPDATE messages SET sum = NULL`, aMessage, readMessages},
	"a lock of another run":         {`UPDATE locks SET run = '01B'`, aLock, takeLock},
	"a lock of another holder":      {`UPDATE locks SET owner = '{"run":"01A","host":"elsewhere"}'`, aLock, takeLock},
	"a lock without a lease":        {`UPDATE locks SET expires_at = NULL`, aLock, freeLock},
	"a lock of another name":        {`UPDATE locks SET name = 'release'`, `the lock "release" is not as it was written`, readLocks},
	"a lock without its sum":        {`UPDATE locks SET sum = NULL`, aLock, freeLock},
	"a run that goes on":            {`UPDATE runs SET status = 'paused' WHERE id = '01A'`, "what the list of runs says of it is not as it was written", readRun},
	"a run without its sum":         {`UPDATE runs SET sum = NULL WHERE id = '01A'`, "what the list of runs says of it is not as it was written", readRun},
	"the last event is lost":        {`DELETE FROM batches WHERE run = '01A' AND last_seq = 5`, "it went on to event 5, and what came after event 4 is lost", readRun},
	"all but the first are lost":    {`DELETE FROM batches WHERE run = '01A' AND last_seq > 1`, "it went on to event 5, and what came after event 1 is lost", readRun},
	"a file of one run is lost":     {`DELETE FROM run_files WHERE run = '01B'`, "run 01B: the run history is damaged: the file " + inCommon.SHA256 + " of its runbook is missing", readFile},
	"all events are lost":           {`DELETE FROM batches WHERE run = '01A'`, "none of its events is there", readRun},
}

const (
	aMessage = "run 01A: the run history is damaged: a message to it is not as it was written"
	aLock    = `the lock "deploy" is not as it was written`
)

// inCommon is a file of both runs.
var inCommon = file("in common")

func readFile(ctx context.Context, j journal.Journal) error {
	if _, err := j.File(ctx, "01A", inCommon.SHA256); err != nil {
		return err
	}
	_, err := j.File(ctx, "01B", inCommon.SHA256)
	return err
}

func readMessages(ctx context.Context, j journal.Journal) error {
	_, errA := j.Messages(ctx, "01A", 0)
	_, errB := j.Messages(ctx, "01B", 0)
	return errors.Join(errA, errB)
}

func takeLock(ctx context.Context, j journal.Journal) error {
	_, _, err := j.Acquire(ctx, "deploy", owner("01A"), minute, nil)
	return err
}

func freeLock(ctx context.Context, j journal.Journal) error {
	_, err := j.Unlock(ctx, "deploy", true)
	return err
}

func readLocks(ctx context.Context, j journal.Journal) error {
	_, err := j.Locks(ctx)
	return err
}

func readRun(ctx context.Context, j journal.Journal) error {
	_, err := read(ctx, j, "01A")
	return err
}

// Damage tests that a journal finds what was changed or lost in it, says what that is, goes no further there, and gives the rest. A run
// that goes on, or broke off, is not damaged.
func Damage(t *testing.T, open func(t *testing.T) Altered) {
	t.Run("a lock under its holder", func(t *testing.T) { heldDamaged(t, open(t)) })
	for name, c := range alterations {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			fill(t, store)
			store.Alter(c.statement)
			for range 2 { // the second time it is as the first left it
				damaged(t, store, c.says)
				if err := used(t, store, c.use); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("use: %v", err)
				}
			}
		})
	}
}

// heldDamaged: who holds a lock that is not as it was written finds out before it writes again, and leaves it as it is.
func heldDamaged(t *testing.T, store Altered) {
	j := opened(t, store, journal.ReadWrite)
	defer closeIt(t, j)
	for name, end := range map[string]func(journal.Lease) error{
		"renew":   func(l journal.Lease) error { return l.Renew(t.Context()) },
		"park":    func(l journal.Lease) error { return l.Park(t.Context()) },
		"release": func(l journal.Lease) error { return l.Release(t.Context()) },
		"return":  func(l journal.Lease) error { return l.Return(t.Context()) },
	} {
		lease, _, err := j.Acquire(t.Context(), name, owner("01A"), minute, nil)
		if err != nil {
			t.Fatal(err)
		}
		store.Alter(`UPDATE locks SET run = '01B' WHERE name = '` + name + `'`)
		if err := end(lease); !errors.Is(err, journal.ErrDamaged) || errors.Is(err, journal.ErrLeaseLost) {
			t.Errorf("%s: %v", name, err)
		}
		if locks, err := j.Locks(t.Context()); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), name) || len(locks) > 0 {
			t.Errorf("after %s: %v, %v", name, locks, err)
		}
	}
}

// fill keeps the runs 01A, which has ended, and 01B, which broke off, of the same file, with a message and a lock of the first.
func fill(t *testing.T, store Altered) {
	t.Helper()
	j := opened(t, store, journal.ReadWrite)
	for _, list := range [][]run.Event{events("01A", "daily", run.Pass, start), events("01B", "daily", run.Pass, start)[:3]} {
		list[0].Files = []run.FileRef{{Path: "daily.hcl", SHA256: inCommon.SHA256}}
		for _, e := range entries(t, list) { // a batch each
			if e.Event.Seq == 1 {
				e.Files = []journal.File{inCommon}
			}
			if e.Event.Seq >= 4 {
				e.Sealed = []byte("sealed")
			}
			if err := appendAll(t, j, []journal.Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := j.Send(t.Context(), "01A", journal.Message{Kind: journal.MessageCancel, At: start, By: "ann@ops"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := j.Acquire(t.Context(), "deploy", owner("01A"), minute, nil); err != nil {
		t.Fatal(err)
	}
	if r, err := journal.Check(t.Context(), j); err != nil || !r.Sound() || r.Readable != 2 || r.Events != 8 {
		t.Fatalf("before: %+v, %v", r, err)
	}
	closeIt(t, j)
}

func opened(t *testing.T, store Altered, access journal.Access) journal.Journal {
	t.Helper()
	j, err := store.Open(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// damaged demands that a check says what is wrong, and that the other run can be read.
func damaged(t *testing.T, store Altered, says string) {
	t.Helper()
	j := opened(t, store, journal.ReadOnly)
	defer closeIt(t, j)
	r, err := journal.Check(t.Context(), j)
	told := strings.Join(r.Problems, "\n")
	for _, d := range r.Damaged {
		told += "\n" + d.Error
	}
	if err != nil || r.Sound() || r.Runs != 2 || !strings.Contains(told, says) {
		t.Errorf("check: %+v, %v", r, err)
	}
	if got, err := read(t.Context(), j, "01B"); err != nil || len(got) != 3 {
		t.Errorf("%d events of the other run, %v", len(got), err)
	}
}

// used uses a store to write, which may refuse as soon as it is opened.
func used(t *testing.T, store Altered, use func(context.Context, journal.Journal) error) error {
	t.Helper()
	j, err := store.Open(t.Context(), journal.ReadWrite)
	if err != nil {
		return err
	}
	defer closeIt(t, j)
	return use(t.Context(), j)
}
