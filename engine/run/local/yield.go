package local

// yield is what the runner of a runbook that a step runs tells the runner of that step.
type yield struct {
	child *execution
	// waits says that nothing of the runbook is under way: it waits for people, for the next poll or for a retry.
	waits bool
}

// tellParent has the step that runs this runbook hold a place only while something of the runbook is under way. A runbook
// that goes on takes its place back at once, even where others took it meanwhile.
func (r *runner) tellParent() {
	waits := r.underWay == r.yielding
	if r.parent == nil || waits == r.yielded {
		return
	}
	r.yielded = waits
	select {
	case r.parent.yields <- yield{r.asStep, waits}:
	case <-r.pausing:
	case <-r.hard.Done():
	}
}

// childYields takes in what a child told.
func (r *runner) childYields(y yield) error {
	y.child.yields = y.waits
	if y.waits {
		r.yielding++
	} else {
		r.yielding--
	}
	return r.state.Yield(y.child.address, y.waits)
}
