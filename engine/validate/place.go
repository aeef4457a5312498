package validate

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
)

// place says what an expression may refer to where it stands.
type place struct {
	// what names the place in messages: "the arguments of a step".
	what string
	// only lists the kinds of names that are known here, where those are few; empty: all that the fields below allow.
	only []lang.RefKind
	// steps allows the results of steps.
	steps bool
	// self, eachValue and value are cty.NilVal where there is none.
	self, eachValue, value cty.Value
	// noSelf and noEach say in a sentence why there is none and what to write instead; within a step, noEach is empty.
	noSelf, noEach string
	// noSteps says why there are no results of steps; empty: the place is evaluated before any step runs.
	noSteps string
	// step is the step's name, or empty.
	step string
	// bare says that self belongs to a check, which has no result.
	bare bool
	// variables are known values of variables; the others are unknown.
	variables map[string]cty.Value
}

const (
	noSelfInArguments = "self is the step's result, and there is none before its action ends: it stands in assert, threshold, poll, show, undo and remedy."
	noSelfOutside     = "self is a step's result, and stands only in that step's assert, threshold, poll, show, undo and remedy."
	noEachOutside     = "each stands only in steps and provider blocks with for_each."
	noStepsInNotifier = "An escalation serves whatever step waits, so its notifier knows no results; self tells the step and what it asks."
	noEachInForEach   = "for_each is evaluated once, before there is an each."
)

// before is where a step's when, arguments and precondition stand: its result is not there yet. In an undo self is the
// result of the step that it belongs to, in a notifier the level, and no step's result is known.
func (c *checker) before(s *lang.Step, what string) *place {
	if owner := c.undone[s]; owner != nil {
		return c.after(owner, what)
	}
	if c.notifiers[s] {
		p := outside("a notifier", false)
		p.self, p.noSteps = cty.UnknownVal(lang.NoticeType()), noStepsInNotifier
		return p
	}
	return &place{what: what, steps: true, noSelf: noSelfInArguments, eachValue: c.each(s), step: s.Name}
}

// after is where a step's checks stand.
func (c *checker) after(s *lang.Step, what string) *place {
	p := c.before(s, what)
	p.self, p.bare = c.self(s), s.IsCheck()
	return p
}

// outside is where no step's own names are known.
func outside(what string, steps bool) *place {
	return &place{what: what, steps: steps, noSelf: noSelfOutside, noEach: noEachOutside}
}

// each is the value that each.value has in a step: unknown, of the elements' type; cty.NilVal without for_each.
func (c *checker) each(s *lang.Step) cty.Value {
	if s.ForEach == nil {
		return cty.NilVal
	}
	if v, ok := c.eachValues[s]; ok {
		return v
	}
	c.eachValues[s] = cty.DynamicVal
	v := elementOf(c.typed(s.ForEach, forEachPlace()))
	c.eachValues[s] = v
	return v
}

func forEachPlace() *place {
	return &place{what: "for_each", steps: true, noSelf: noSelfInArguments, noEach: noEachInForEach}
}

// elementOf is any element of a collection that for_each goes over, unknown.
func elementOf(v cty.Value) cty.Value {
	t := v.Type()
	switch {
	case t.IsCollectionType():
		return cty.UnknownVal(t.ElementType())
	case t.IsObjectType():
		common := cty.NilType
		for _, at := range t.AttributeTypes() {
			if common != cty.NilType && !common.Equals(at) {
				return cty.DynamicVal
			}
			common = at
		}
		if common != cty.NilType {
			return cty.UnknownVal(common)
		}
	}
	return cty.DynamicVal
}
