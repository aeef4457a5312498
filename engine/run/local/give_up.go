package local

import (
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
)

// standing is how every runbook of a run stood before a session that only ends it: which were stopping after a failure,
// and how writes in doubt had ended.
type standing struct {
	branches []*branch // the innermost first
	failing  map[*branch]bool
	doubts   map[*branch][]doubtful
}

// doubtful is a write in doubt, and how it ended; nil: it was under way.
type doubtful struct {
	run.Doubt
	end *ending
}

// standing is to be asked before run_resumed is told, which begins anew.
func (p *Past) standing() *standing {
	s := &standing{failing: map[*branch]bool{}, doubts: map[*branch][]doubtful{}}
	p.root.walk(func(b *branch) {
		s.failing[b] = b.state.Failing()
		aside := b.parent != nil && p.root.isAside(strings.TrimSuffix(b.prefix, "/"))
		if b == p.root || !aside && (s.failing[b] || b.state.Open()) {
			s.branches = append(s.branches, b)
		}
		for _, d := range b.state.InDoubt() {
			if d.Undo {
				continue
			}
			one := doubtful{Doubt: d}
			if i, key, ended := b.state.Ended(d.Address); ended {
				one.end = b.values.ending(b.graph.Nodes[i].Step.Name, key)
			}
			s.doubts[b] = append(s.doubts[b], one)
		}
	})
	slices.Reverse(s.branches)
	return s
}

// UnderWay lists the steps of all branches that were under way when the last session broke off, but for writes in doubt.
func (p *Past) UnderWay() []string {
	out := []string{}
	p.root.walk(func(b *branch) {
		for _, a := range b.state.UnderWay() {
			out = append(out, b.prefix+a)
		}
	})
	slices.Sort(out)
	return out
}

// giveUp ends a run that nobody runs as an interrupt would: what waits is cancelled, in the runbook itself by the loop, and a
// write in doubt stays that.
func (s *standing) giveUp(r *runner) error {
	r.interrupted = true
	for _, b := range s.branches {
		at := r
		if b != r.branch {
			at = newRunner(r.session, b, r.hard)
		}
		if err := at.giveUpBranch(s.failing[b], s.doubts[b]); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) giveUpBranch(failing bool, doubts []doubtful) error {
	if failing {
		if err := r.emit(&run.Event{Type: run.RunStopping, Reason: run.StopFailure}); err != nil {
			return err
		}
	}
	if err := r.emit(&run.Event{Type: run.RunStopping, Reason: run.StopInterrupt}); err != nil {
		return err
	}
	for _, d := range doubts {
		if err := r.leaveInDoubt(d); err != nil {
			return err
		}
	}
	if r.prefix == "" {
		return nil
	}
	return r.settleAll()
}

// leaveInDoubt ends a step whose write is in doubt, and says so again.
func (r *runner) leaveInDoubt(d doubtful) error {
	i, key, _ := r.state.Find(d.Address)
	step := r.graph.Nodes[i].Step
	end := d.end
	if end == nil {
		end = &ending{outcome: run.Cancelled, err: "the session ended while the step was under way: it may have changed something", attempts: d.Attempt}
	}
	e := &run.Event{Step: d.Address, Outcome: end.outcome, Error: end.err, Attempts: end.attempts, InDoubt: true}
	if e.Error == "" {
		e.Summary = d.Ended
	}
	return r.end(step, key, e, end)
}
