package local

import (
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
)

// Unasked is an open question of which nobody knows what it asks as things are now, and why.
type Unasked struct {
	Address string
	Err     error
}

// Unasked finds an open question that stays open and that can't be worked out, though it may be another than it was; nil: there is none.
// again is what is under way or failed, and runs again; affected is what does so from its beginning; others are the instances that steps get and lose.
func (p *Past) Unasked(again, affected []string, others []Others) *Unasked {
	all := append(slices.Clone(again), affected...)
	withdrawn := p.root.state.AskedAgainAfter(all)
	for _, w := range p.Waits() {
		asked := func(step string) bool { return run.Covers(step, w.Address) }
		around := func(step string) bool {
			return strings.HasPrefix(w.Address, step+"/") || strings.HasPrefix(w.Address, step+"[")
		}
		gone := func(o Others) bool { return o.Loses(w.Address) }
		if slices.Contains(withdrawn, w.Address) || slices.ContainsFunc(others, gone) || slices.ContainsFunc(all, asked) || slices.ContainsFunc(affected, around) {
			continue
		}
		if err := p.unasked(w); err != nil {
			return &Unasked{w.Address, err}
		}
	}
	return nil
}

// unasked is why it can't be worked out what an open question asks; nil: it can, or it asks what it did.
func (p *Past) unasked(w run.Wait) error {
	r, x, err := p.at(w.Address)
	if err != nil {
		if b, _, ok := p.find(w.Address); ok && b.parent != nil && b.parent.mayChange(b.step) {
			return err
		}
		return nil // that shows where its runbook goes on
	}
	w.Address = x.address
	_, err = r.otherwise(x, w)
	return err
}
