package local

import "github.com/e82355ed/runbook/engine/run"

// UndoneTwice reports whether a write of which a part took place has an undo that would take back all of it twice, were the write sent again:
// for the part, and for what is sent then. Such an undo sees nothing of what either gave.
func (p *Past) UndoneTwice(d run.Doubt) bool {
	if d.Undo || d.Partly == "" {
		return false
	}
	b, own, ok := p.find(d.Address)
	if !ok {
		return false
	}
	node := b.graph.Node(run.StepName(own))
	return node != nil && node.Step.Undo != nil && !node.Step.UndoSeesResult()
}

// UndoneAtEnd reports whether an undo runs at the end of the run, whatever becomes of that.
func (p *Past) UndoneAtEnd(d run.Doubt) bool {
	b, own, ok := p.find(d.Address)
	if !ok || !d.Undo {
		return false
	}
	node := b.graph.Node(run.StepName(own))
	return node != nil && node.Step.Undo != nil && node.Step.Undo.OnEnd
}

// Open reports whether a step of the run has not ended.
func (p *Past) Open() bool { return p.root.state.Open() }
