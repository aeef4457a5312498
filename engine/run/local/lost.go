package local

import (
	"slices"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// Lost is what a step did for which another runbook has no place.
type Lost struct {
	Address string
	At      time.Time
	// Undo would have taken it back; nil: nothing would. OnEnd says that it would have run at the end.
	Undo  *lang.Step
	OnEnd bool
	// Stays says that the step is there, and only its undo is gone; Why what became of it, after its name.
	Stays bool
	Why   string
}

// LostIn lists what took effect and was not undone, and whose step, or undo, is not in a runbook that the run is to go on with. An undo
// in doubt is not among it: that is settled for its own sake.
func (p *Past) LostIn(now *Past) []Lost {
	var out []Lost
	doubts := p.Doubts()
	for _, e := range p.Undoable() {
		inDoubt := slices.ContainsFunc(doubts, func(d run.Doubt) bool { return d.Undo && d.Address == e.Address && d.Undoes == e.Seq })
		_, did, err := p.root.deedOf(e.Address, e.Seq)
		if err != nil || inDoubt {
			continue
		}
		l := Lost{Address: e.Address, At: did.acted, Undo: did.undo(), OnEnd: did.step.Undo.OnEnd}
		if l.Why, l.Stays = now.lacks(e, did.step); l.Why != "" {
			out = append(out, l)
		}
	}
	p.root.walk(func(b *branch) {
		for _, n := range b.graph.Nodes {
			address := b.prefix + n.Step.Name
			if n.Step.Child != nil || n.Step.Undo != nil || graph.Effect(n.Step) == provider.Read {
				continue
			}
			why := now.lacksStep(address, n.Step)
			if did := b.values.tookPlace(n.Step.Name, func(a string) bool { return !b.state.WasUndone(a) }); why != "" && len(did) > 0 {
				out = append(out, Lost{Address: address, At: lastOf(did), Why: why})
			}
		}
	})
	return out
}

// lacks says why an effect of a step can't be undone; empty: it can. stays says that the step is there, without an undo.
func (p *Past) lacks(e run.Effect, step *lang.Step) (why string, stays bool) {
	if why := p.lacksStep(e.Address, step); why != "" {
		return why, false
	}
	b, did, err := p.root.deedOf(e.Address, e.Seq)
	switch {
	case err != nil && p.stepAt(e.Address).Undo == nil:
		return "has no undo in the file any more", true
	case err != nil:
		return "has other instances in the file by now", false
	case did.key < 0 && usesEach(did.undo(), "key", "value"):
		return "has instances in the file by now, and its undo needs the key of one", false
	case b.frame(did).EachLost != "" && usesEach(did.undo(), "value"):
		return "is not among the instances of its for_each any more, and its undo needs its each.value", false
	case p.furnishUndo(b) == nil && b.configs.lacksKey(did.undo(), b.frame(did)):
		return "its undo goes through a provider." + did.undo().Provider.Name + " whose for_each gives no such key any more", false
	}
	for at := b; at.parent != nil; at = at.parent {
		if at.caller().EachLost != "" && usesEach(at.step, "value") {
			return "is in a runbook that step " + strings.TrimSuffix(at.prefix, "/") + " runs, which is not among the instances of its for_each any more, and needs its each.value", false
		}
	}
	return "", false
}

// lacksStep says what became of a step that acted; empty: it is there, with its action.
func (p *Past) lacksStep(address string, step *lang.Step) string {
	switch now := p.stepAt(address); {
	case now == nil:
		return "is not in the file any more"
	case now.Action != step.Action:
		return "is another action in the file by now, " + now.Action
	}
	return ""
}

// stepAt is the step of the runbook, or of one that a step runs, at an address; nil: there is none.
func (p *Past) stepAt(address string) *lang.Step {
	b, own, ok := p.find(address)
	if !ok {
		return nil
	}
	return b.graph.Node(run.StepName(own)).Step
}

// usesEach reports whether a step needs one of some parts of each.
func usesEach(step *lang.Step, parts ...string) bool {
	return slices.ContainsFunc(graph.Deciding(step), func(e *lang.Expr) bool {
		return slices.ContainsFunc(e.Refs, func(ref lang.Ref) bool { return ref.Kind == lang.RefEach && slices.Contains(parts, ref.Name) })
	})
}
