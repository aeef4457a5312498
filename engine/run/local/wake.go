package local

import "github.com/e82355ed/runbook/engine/lang"

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
		i, key, _ := r.state.Find(w.Address)
		taken, err := r.beforehand(r.graph.Nodes[i].Step, key, w)
		if err != nil {
			return err
		}
		if taken {
			continue
		}
		if w, err = r.askWithKey(w); err != nil {
			return err
		}
		r.desk.put(r, w)
	}
	return nil
}
