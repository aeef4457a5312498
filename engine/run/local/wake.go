package local

import (
	"slices"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// wake gets a branch that was recalled ready to go on: the steps that are past their preparation have executions, and the
// open questions lie on the desk again.
func (r *runner) wake() error {
	for _, address := range r.state.Prepared() {
		i, key, _ := r.state.Find(address)
		step := r.graph.Nodes[i].Step
		local := lang.Frame{}
		if key >= 0 {
			local = r.values.each(step.Name, key)
		}
		r.live[address] = r.newExecution(step, key, local)
	}
	for _, w := range r.state.Waits() {
		r.desk.put(r, w)
	}
	return nil
}

// resumed tells run_resumed: own are the root's among the addresses that run again.
func (s *session) resumed(state *run.State, e *run.Event, own []string, files []journal.File) error {
	whole := slices.Clone(e.Reset)
	if e.Reset != nil {
		e.Reset = own
	}
	if err := state.Apply(e); err != nil {
		return err
	}
	if e.Reset != nil {
		e.Reset = whole
	}
	return s.emit(nil, "", journal.Entry{Event: e, Files: files})
}
