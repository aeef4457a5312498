package random

import (
	"fmt"
	"slices"
)

// copied is a runbook of its own.
func (b *book) copied() *book {
	c := *b
	c.steps = make([]*step, len(b.steps))
	for i, s := range b.steps {
		own := *s
		own.keys, own.after, own.uses, own.orders = slices.Clone(s.keys), slices.Clone(s.after), slices.Clone(s.uses), slices.Clone(s.orders)
		if s.child != nil {
			own.child = s.child.copied()
		}
		c.steps[i] = &own
	}
	return &c
}

// mutate changes a runbook in one way, and says how.
func (g *generator) mutate(from *book) (*book, string) {
	b := from.copied()
	if len(b.steps) == 0 {
		return b, "nothing" // all of them went
	}
	at := g.IntN(len(b.steps))
	s := b.steps[at]
	switch g.IntN(12) {
	case 0:
		added := g.step(b, true)
		for _, name := range added.deps() {
			at = max(at, b.place(name)+1)
		}
		b.steps = slices.Insert(b.steps, at, added)
		return b, "add " + added.name
	case 1:
		b.remove(s)
		return b, "remove " + s.name
	case 2:
		was := s.name
		g.names++
		b.rename(s, fmt.Sprintf("%s%d", letters[s.kind], g.names))
		return b, "rename " + was + " to " + s.name
	case 3:
		to := g.IntN(len(b.steps))
		b.steps = slices.Insert(slices.Delete(b.steps, at, at+1), to, s)
		return b, fmt.Sprintf("move %s to %d", s.name, to)
	case 4, 5:
		s.version++
		return b, "other arguments of " + s.name
	case 6:
		g.refer(b, s)
		return b, "other dependencies of " + s.name
	case 7:
		if s.each() {
			s.keys, s.from = nil, ""
			return b, "no for_each of " + s.name
		}
		g.instances(b, s)
		return b, "for_each of " + s.name
	case 8:
		s.keys, s.from = pick(g, []string{"b"}, []string{"a", "d"}, []string{"d", "e"}, []string{"a", "b", "c", "d"}), ""
		return b, "other keys of " + s.name
	case 9:
		s.undo = ""
		if s.changes() || s.child != nil {
			s.undo = pick(g, "", "failure", "end")
		}
		return b, fmt.Sprintf("undo of %s: %q", s.name, s.undo)
	case 10:
		return b, g.mutateChild(b)
	}
	g.otherAction(s)
	return b, fmt.Sprintf("%s of %s, approval %v", s.kind, s.name, s.approval)
}

// otherAction replaces the action, or the approval before it.
func (g *generator) otherAction(s *step) {
	switch {
	case s.changes() && g.chance(60):
		s.approval = !s.approval
	case s.changes():
		s.kind = pick(g, write, noted)
	case s.kind == asks || s.kind == reads:
		s.kind, s.poll, s.not = pick(g, asks, reads), false, 0
		if s.kind == asks {
			s.attempts = 0
		}
	}
}

func (g *generator) mutateChild(b *book) string {
	for _, s := range b.steps {
		if s.child != nil {
			changed, told := g.mutate(s.child)
			for _, c := range changed.steps {
				if c.child != nil {
					return "nothing" // runbooks are two deep at most
				}
			}
			s.child = changed
			return "in " + changed.name + ": " + told
		}
	}
	return "nothing"
}

// remove takes a step away, and what refers to it.
func (b *book) remove(gone *step) {
	b.steps = slices.DeleteFunc(b.steps, func(s *step) bool { return s == gone })
	b.each(func(names []string) []string {
		return slices.DeleteFunc(names, func(n string) bool { return n == gone.name })
	})
	for _, s := range b.steps {
		if s.from == gone.name {
			s.from, s.keys = "", []string{"a"}
		}
	}
}

func (b *book) rename(s *step, name string) {
	was := s.name
	s.name = name
	b.each(func(names []string) []string {
		for i := range names {
			if names[i] == was {
				names[i] = name
			}
		}
		return names
	})
	for _, other := range b.steps {
		if other.from == was {
			other.from = name
		}
	}
}

// each goes through the lists of steps that steps refer to.
func (b *book) each(change func([]string) []string) {
	for _, s := range b.steps {
		s.after, s.uses, s.orders = change(s.after), change(s.uses), change(s.orders)
	}
}

// affected are the steps of a runbook that run again for how it differs from another: those that do something else, and those
// that depend on one, through others too.
func affected(before, after *book) map[string]bool {
	out := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if out[name] {
			return
		}
		out[name] = true
		for _, s := range after.steps {
			if slices.Contains(s.deps(), name) {
				add(s.name)
			}
		}
	}
	for _, s := range after.steps {
		was := before.step(s.name)
		switch {
		case was == nil, before.stepText(was, false) != after.stepText(s, false):
			add(s.name)
		case s.child != nil && s.child.text() != was.child.text():
			add(s.name)
		}
	}
	return out
}

// inOrder reports whether each step refers to those before it alone, so that the order of the file is that of the writes.
func (b *book) inOrder() bool {
	for i, s := range b.steps {
		if s.child != nil && !s.child.inOrder() || slices.ContainsFunc(s.deps(), func(name string) bool { return b.place(name) >= i }) {
			return false
		}
	}
	return true
}
