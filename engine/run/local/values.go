package local

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// timing is what every step's value tells beside its result.
type timing struct {
	started  time.Time
	finished time.Time
	// took is how long it took in an earlier session, in milliseconds, as that told it; nil: as the two say.
	took *float64
}

func (t timing) duration() float64 {
	switch {
	case t.took != nil:
		return *t.took
	case t.started.IsZero():
		return 0
	}
	return milliseconds(t.finished.Sub(t.started))
}

// ending is how a step or an instance ended, and what it gave.
type ending struct {
	// result is an object, or cty.NilVal where the action gave none.
	result   cty.Value
	outcome  run.Outcome
	err      string
	timing   timing
	attempts int
	// recall reads the result of an earlier session back, when somebody asks for it; lost is why it is not to be had any
	// more. Nil: the result is here, or lost says why it never was.
	recall func() (result cty.Value, lost string)
	lost   string
	// inClear is the result of an earlier session without what is sensitive of it, which is unknown there; nil: the result is here.
	inClear func() cty.Value
	// word says that a write in doubt counts as done, and why; empty: it was seen to end.
	word string
	// undone says that what it did was taken back.
	undone bool
}

// recalled is the result, and why there is none although there was one.
func (e *ending) recalled() (result cty.Value, lost string) {
	if e.recall != nil {
		return e.recall()
	}
	return e.result, e.lost
}

// values holds what expressions see of the steps. The loop writes, attempts read: it is safe for concurrent use.
type values struct {
	mu    sync.RWMutex
	steps map[string]*stepValues
}

type stepValues struct {
	keyed bool
	// whole is the ending of a step without for_each, or of one that never came to its instances.
	whole *ending
	keys  []string
	each  []lang.Frame
	ends  []*ending
	// gone is how those ended, by key, that a change of the files took away.
	gone map[string]*ending
	// anew says that a step with instances is to be expanded once more.
	anew bool
	// value is made on first use and kept once the step has ended.
	value cty.Value
}

func newValues(g *graph.Graph) *values {
	v := &values{steps: make(map[string]*stepValues, len(g.Nodes))}
	all := make([]stepValues, len(g.Nodes))
	for i, n := range g.Nodes {
		all[i].keyed = n.Step.ForEach != nil
		v.steps[n.Step.Name] = &all[i]
	}
	return v
}

// expand gives a step its instances. One that is expanded anew keeps how those ended that stay.
func (v *values) expand(name string, keys []string, each []lang.Frame) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.steps[name]
	s.take(keys, each, s.anew)
	s.anew = false
}

// expandAnew gives a step other instances, before it is expanded once more.
func (v *values) expandAnew(name string, keys []string, each []lang.Frame) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.steps[name]
	s.take(keys, each, true)
	s.anew = true
}

func (s *stepValues) take(keys []string, each []lang.Frame, keeps bool) {
	had := s.gone
	if had == nil || !keeps {
		had = map[string]*ending{}
	}
	for i, key := range s.keys {
		if keeps && s.ends[i] != nil {
			had[key] = s.ends[i]
		}
	}
	ends := make([]*ending, len(keys))
	for i, key := range keys {
		ends[i] = had[key]
		delete(had, key)
	}
	s.keys, s.each, s.ends, s.gone, s.value = keys, each, ends, had, cty.NilVal
}

// goneEnding is how an instance ended that a change of the files took away; nil: there is none.
func (v *values) goneEnding(name, key string) *ending {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.steps[name].gone[key]
}

// endRest keeps that instances of some keys ended as their step did, which was to be expanded anew.
func (v *values) endRest(name string, keys []string, e *ending) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, among := v.steps[name], map[string]bool{}
	for _, key := range keys {
		among[key] = true
	}
	for i, key := range s.keys {
		if among[key] {
			s.ends[i] = e
		}
	}
	s.value = cty.NilVal
}

// reframe replaces what the instances of a step see as each.
func (v *values) reframe(name string, frames func(keys []string) []lang.Frame) {
	v.mu.RLock()
	s := v.steps[name]
	keys := s.keys
	v.mu.RUnlock()
	if len(keys) == 0 {
		return
	}
	each := frames(keys)
	v.mu.Lock()
	defer v.mu.Unlock()
	s.each = each
}

func (v *values) each(name string, key int) lang.Frame {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.steps[name].each[key]
}

// key is the key of an instance, instance what the one of a key sees as each; false: there is none.
func (v *values) key(name string, key int) string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.steps[name].keys[key]
}

func (v *values) instance(name, key string) (lang.Frame, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	s := v.steps[name]
	at := slices.Index(s.keys, key)
	if at < 0 {
		return lang.Frame{}, false
	}
	return s.each[at], true
}

// keysOf are the keys of the instances that a step came to; false: it never came to any.
func (v *values) keysOf(name string) ([]string, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	keys := v.steps[name].keys
	return keys, keys != nil
}

// ending is how a step (key -1) or an instance ended; nil: it has not.
func (v *values) ending(name string, key int) *ending {
	v.mu.RLock()
	defer v.mu.RUnlock()
	s := v.steps[name]
	if key < 0 {
		return s.whole
	}
	return s.ends[key]
}

// end keeps how a step (key -1) or an instance ended.
func (v *values) end(name string, key int, e *ending) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.steps[name]
	if key < 0 {
		s.whole = e
		if len(s.keys) > 0 { // its instances were of an earlier session: it never came to any in this one
			s.keys, s.each, s.ends = nil, nil, nil
		}
	} else {
		s.ends[key] = e
	}
	s.value = cty.NilVal
}

// lost says why the result of a step, or of its instance of a key, is not known; empty: it is, or there is none.
func (v *values) lost(name, key string) string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	s := v.steps[name]
	if s == nil {
		return ""
	}
	end := s.whole
	if at := slices.Index(s.keys, key); at >= 0 {
		end = s.ends[at]
	}
	if end == nil {
		return ""
	}
	_, lost := end.recalled()
	return lost
}

// placed is a step or an instance that was carried out, ended well and was not undone.
type placed struct {
	address string
	at      time.Time
	word    string // see ending.word
}

// tookPlace are the step, or the instances of it, that were carried out last, ended well and were not undone, of those that count. Those that are
// gone are among them.
func (v *values) tookPlace(name string, counts func(address string) bool) []placed {
	v.mu.RLock()
	defer v.mu.RUnlock()
	s := v.steps[name]
	var out []placed
	look := func(end *ending, address string) {
		if end != nil && !end.undone && (end.outcome == run.Pass || end.outcome == run.Warn) && !end.timing.finished.IsZero() && counts(address) {
			out = append(out, placed{address, end.timing.finished, end.word})
		}
	}
	look(s.whole, name)
	for i, end := range s.ends {
		look(end, run.Address(name, s.keys[i], true))
	}
	for _, key := range slices.Sorted(maps.Keys(s.gone)) {
		look(s.gone[key], run.Address(name, key, true))
	}
	return out
}

// anyTolerated reports whether a step, or an instance of it, ended with an error that was tolerated.
func (v *values) anyTolerated(name string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	s := v.steps[name]
	return slices.ContainsFunc(append(slices.Clone(s.ends), s.whole), func(end *ending) bool {
		return end != nil && end.outcome == run.Warn && end.err != ""
	})
}

// framesByKey are what the instances of a step see as each, by key.
func (v *values) framesByKey(name string) map[string]lang.Frame {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return framesByKey(v.steps[name].keys, v.steps[name].each)
}

// undone keeps that what a step or an instance did last was taken back.
func (v *values) undone(name string, key int) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	end := v.steps[name].whole
	if key >= 0 {
		end = v.steps[name].ends[key]
	}
	if end != nil {
		end.undone = true
	}
}

// outcome tells how a step ended, for messages: "skipped"; empty where it passed or is keyed.
func (v *values) outcome(name string) string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if s := v.steps[name]; s != nil && s.whole != nil {
		return string(s.whole.outcome)
	}
	return ""
}

// step is the value of step.<name>. The scheduler sees to it that it is asked for only when the step has ended.
func (v *values) step(name string) cty.Value {
	v.mu.RLock()
	s := v.steps[name]
	if s == nil {
		v.mu.RUnlock()
		return cty.DynamicVal
	}
	value := s.value
	v.mu.RUnlock()
	if value != cty.NilVal {
		return value
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s.value = s.build()
	return s.value
}

func (s *stepValues) build() cty.Value {
	if s.keys == nil {
		switch {
		case s.whole == nil:
			return cty.DynamicVal
		case s.keyed:
			// It never came to its instances. How the whole step ended must not be taken for instances by a function that counts
			// them.
			return cty.NullVal(cty.DynamicPseudoType)
		}
		return s.whole.value()
	}
	byKey := make(map[string]cty.Value, len(s.keys))
	for i, k := range s.keys {
		if s.ends[i] != nil {
			byKey[k] = s.ends[i].value()
		}
	}
	return cty.ObjectVal(byKey)
}

// value joins the result with what every step has.
func (e *ending) value() cty.Value {
	attrs := e.self()
	attrs["outcome"] = cty.StringVal(string(e.outcome))
	attrs["error"] = cty.NullVal(cty.String)
	if e.err != "" {
		attrs["error"] = cty.StringVal(e.err)
	}
	return cty.ObjectVal(attrs)
}

// self is the result with the timing: what an assertion sees.
func (e *ending) self() map[string]cty.Value {
	attrs := map[string]cty.Value{}
	if result, _ := e.recalled(); result != cty.NilVal && !result.IsNull() {
		unmarked, _ := result.Unmark()
		for it := unmarked.ElementIterator(); it.Next(); {
			k, value := it.Element()
			attrs[k.AsString()] = value
		}
	}
	attrs["started_at"] = cty.NullVal(cty.String)
	if !e.timing.started.IsZero() {
		attrs["started_at"] = cty.StringVal(e.timing.started.UTC().Format(time.RFC3339Nano))
	}
	attrs["duration_ms"] = cty.NumberFloatVal(e.timing.duration())
	attrs["attempts"] = cty.NumberIntVal(int64(e.attempts))
	return attrs
}
