package random

import (
	"fmt"
	"math/rand/v2"
)

// generator makes runbooks and what is done with them. All it decides comes from a seed.
type generator struct {
	*rand.Rand
	names int
}

// chance is true in n of 100 cases.
func (g *generator) chance(n int) bool { return g.IntN(100) < n }

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// book makes a runbook; nested says that its steps may run others.
func (g *generator) book(name string, least, most int, nested bool) *book {
	b := &book{name: name, stop: g.chance(50), maxParallel: pick(g, 1, 2, 16)}
	if g.chance(15) {
		b.lock = "lock-of-" + name
	}
	for range least + g.IntN(most-least+1) {
		b.steps = append(b.steps, g.step(b, nested))
	}
	return b
}

// step makes one that refers to those before it.
func (g *generator) step(b *book, nested bool) *step {
	g.names++
	s := &step{alias: g.chance(25), careful: g.chance(50)}
	s.kind = pick(g, reads, reads, reads, write, write, write, write, write, noted, asks, check, below)
	if s.kind == below && (!nested || g.chance(30)) {
		s.kind = write
	}
	s.name = fmt.Sprintf("%s%d", letters[s.kind], g.names)
	g.refer(b, s)
	if g.chance(25) {
		g.instances(b, s)
	}
	if g.chance(12) {
		s.when = pick(g, "true", "false")
	}
	if g.chance(20) {
		s.runIf = pick(g, "none_failed", "failure", "always", "success")
	}
	switch s.kind {
	case write, noted:
		g.changing(s)
	case reads:
		s.poll = g.chance(15)
		if g.chance(20) {
			s.attempts = 2
		}
		if g.chance(15) {
			s.not = 1 + g.IntN(2)
		}
	case below:
		s.child = g.book(fmt.Sprintf("child-%s", s.name), 1, 4, false)
		s.undo = g.undo(20)
	}
	s.tolerant = s.kind != check && g.chance(10)
	return s
}

// letters begin the names of steps: one that changes something has a w.
var letters = map[string]string{reads: "r", write: "w", noted: "w", asks: "q", check: "c", below: "b"}

// changing adds what only writes have.
func (g *generator) changing(s *step) {
	s.undo = g.undo(50)
	s.approval = g.chance(10)
	if g.chance(20) {
		s.attempts, s.writes = 2+g.IntN(2), g.chance(40)
	}
	if g.chance(15) {
		s.not = 1 + g.IntN(2)
	}
}

func (g *generator) undo(chance int) string {
	if g.chance(chance) {
		return pick(g, "failure", "end")
	}
	return ""
}

// refer has a step depend on some of those before it.
func (g *generator) refer(b *book, s *step) {
	s.after, s.uses, s.orders = nil, nil, nil
	for i := range b.steps {
		if b.steps[i] == s {
			break
		}
		other := b.steps[i].name
		switch n := g.IntN(100); {
		case n < 12:
			s.after = append(s.after, other)
		case n < 20 && s.kind != below:
			s.uses = append(s.uses, other)
		case n < 24 && s.kind != below:
			s.orders = append(s.orders, other)
		}
	}
}

// instances gives a step a for_each.
func (g *generator) instances(b *book, s *step) {
	s.keys, s.from = nil, ""
	for _, other := range b.steps {
		if other == s {
			break
		}
		if (other.kind == reads || other.changes()) && !other.each() && g.chance(15) {
			s.from = other.name
			return
		}
	}
	s.keys = []string{"a", "b", "c"}[:1+g.IntN(3)]
}
