package cli

import (
	"context"
	"iter"
	"os"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// hanging is a journal whose store stops answering: reads of events wait until they are told to stop, once some went well.
type hanging struct {
	journal.Journal
	reads   int
	reached chan<- struct{}
}

func (h *hanging) Events(ctx context.Context, id string) iter.Seq2[journal.Entry, error] {
	if h.reads--; h.reads >= 0 {
		return h.Journal.Events(ctx, id)
	}
	return func(yield func(journal.Entry, error) bool) {
		select {
		case h.reached <- struct{}{}:
		default:
		}
		<-ctx.Done()
		yield(journal.Entry{}, ctx.Err())
	}
}

// TestInterruptBesideASilentStore: who only opens or reads the history ends at the first interrupt, whatever the store is at.
func TestInterruptBesideASilentStore(t *testing.T) {
	for name, c := range map[string]struct {
		reads  int
		args   []string
		status int
		says   string
	}{
		"apply":        {-1, []string{"apply", "FILE", "--auto-approve"}, ExitRefused, "nothing was run: interrupted"},
		"resume":       {0, []string{"resume", "RUN", "--auto-approve"}, ExitRefused, "nothing was run: interrupted"},
		"resume later": {1, []string{"resume", "RUN", "--auto-approve"}, ExitRefused, "nothing was run: interrupted"},
		"undo":         {0, []string{"undo", "RUN", "--auto-approve"}, ExitRefused, "nothing was run: interrupted"},
		"cancel":       {1, []string{"cancel", "RUN", "--auto-approve"}, ExitRefused, "nothing was run: interrupted"},
		"watch":        {1, []string{"watch", "RUN"}, ExitInterrupted, "The run goes on; only the watching has ended."},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			store, id := brokenOffAt(t, tt, tt.file(t, "x.hcl", pausedInTheMiddle), nil, run.StepFinished, "cordon")
			next := tt.again(t, false, "")
			open, reached := next.OpenJournal, make(chan struct{}, 1)
			next.OpenJournal = func(ctx context.Context, path string) (journal.Journal, error) {
				if c.reads < 0 {
					reached <- struct{}{}
					<-ctx.Done()
					return nil, ctx.Err()
				}
				j, err := open(ctx, path)
				return &hanging{Journal: j, reads: c.reads, reached: reached}, err
			}
			next.OpenHistory = nil
			for i, arg := range c.args {
				c.args[i] = strings.NewReplacer("RUN", id, "FILE", next.file(t, "y.hcl", waiting)).Replace(arg)
			}
			status := make(chan int, 1)
			go func() { status <- next.run(append(c.args, "--store", store)...) }()
			select {
			case <-reached:
			case got := <-status:
				t.Fatalf("it did not wait: exit status %d\n%s%s", got, next.out, next.err)
			}
			next.signals <- os.Interrupt
			if got := <-status; got != c.status || !strings.Contains(next.err.String(), c.says) || strings.Contains(next.err.String(), "nothing new starts") {
				t.Errorf("exit status %d\n%s%s", got, next.out, next.err)
			}
		})
	}
}
