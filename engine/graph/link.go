package graph

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
)

// linker makes the edges of references, one a pair of steps.
type linker struct {
	graph *Graph
	refs  *resolver
	// edges holds the edge from each node to the one being linked, by the index of its start; nil elsewhere.
	edges []*Edge
}

func (l *linker) link(to *Node) {
	s := to.Step
	for _, e := range Expressions(s) {
		for i := range e.Refs {
			l.reference(to, &e.Refs[i])
		}
	}
	for i := range s.DependsOn {
		ref := &s.DependsOn[i]
		l.add(to, ref.Name, true, "depends_on", ref.Range)
	}
	for _, e := range to.In {
		l.edges[e.From.Index] = nil
	}
}

func (l *linker) reference(to *Node, ref *lang.Ref) {
	switch ref.Kind {
	case lang.RefStep:
		l.add(to, ref.Name, !ref.OutcomeOnly, "", ref.Range, ref.Traversal...)
	case lang.RefLocal:
		for _, target := range l.refs.steps(ref) {
			l.add(to, target.name, !target.outcomeOnly, target.text, ref.Range)
		}
	}
}

// add makes an edge or strengthens the one that is there. An empty text is written from the traversal.
func (l *linker) add(to *Node, name string, full bool, text string, rng hcl.Range, traversal ...hcl.Traverser) {
	from := l.graph.byName[name]
	if from == nil {
		return
	}
	if e := l.edges[from.Index]; e != nil {
		e.Full = e.Full || full
		return
	}
	if text == "" {
		text = traversalText(traversal)
	}
	e := &Edge{From: from, To: to, Full: full, Text: text, Range: rng}
	l.edges[from.Index] = e
	connect(e)
}

// Expressions lists all expressions of a step in the order of the model: what decides whether and how often it runs,
// its arguments by name, whom it asks, its checks, its undo and its remedies. Absent ones are left out. What an undo refers
// to is there before the step runs: how things were is read first.
func Expressions(s *lang.Step) []*lang.Expr {
	all := append(Deciding(s), Judging(s)...)
	if s.Undo != nil {
		all = append(all, Expressions(s.Undo.Step)...)
	}
	return all
}

// Deciding lists those of [Expressions] that decide whether, how often and with what a step runs.
func Deciding(s *lang.Step) []*lang.Expr {
	all := make(present, 0, 8)
	put := all.put
	put(s.When, s.ForEach)
	if s.ProviderRef != nil {
		put(s.ProviderRef.Key)
	}
	for _, name := range sortedKeys(s.Args) {
		put(s.Args[name].Expr)
	}
	put(s.Escalation)
	if s.Approval != nil {
		put(s.Approval.Prompt, s.Approval.Approvers, s.Approval.Escalation)
	}
	if s.Precondition != nil {
		put(s.Precondition.Condition, s.Precondition.ErrorMessage)
	}
	if s.Poll != nil {
		put(s.Poll.Until)
	}
	return all
}

// Judging lists those of [Expressions] that look at what a step gave: its checks, what it shows, and its remedies.
func Judging(s *lang.Step) []*lang.Expr {
	var all present
	remedies := func(list []*lang.Remedy) {
		for _, r := range list {
			all.put(r.Text, r.Guide, r.Contact, r.Escalation)
		}
	}
	for _, a := range s.Asserts {
		all.put(a.Condition, a.ErrorMessage)
		remedies(a.Remedies)
	}
	for _, t := range s.Thresholds {
		all.put(t.Value, t.Expect, t.Warn)
		remedies(t.Remedies)
	}
	all.put(s.Show)
	remedies(s.Remedies)
	return all
}

// present are expressions that are there.
type present []*lang.Expr

func (p *present) put(list ...*lang.Expr) {
	for _, e := range list {
		if e != nil {
			*p = append(*p, e)
		}
	}
}
