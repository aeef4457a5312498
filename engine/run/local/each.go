package local

import (
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// keepEach keeps in an event what the for_each of a step gave, where it may give something else in a later session: files and the
// environment change, and the variables of a runbook that a step runs may come from there. What is sensitive of it is given encrypted.
func (r *runner) keepEach(step *lang.Step, v cty.Value, e *run.Event) (sealed []byte) {
	around := r.scope.Surroundings(step.ForEach)
	if !around.Files && !around.Environment && (!around.Variables || r.branch.parent == nil) {
		return nil
	}
	text, err := ctyjson.MarshalType(v.Type())
	if err != nil {
		return nil // for_each is evaluated again then
	}
	e.Each, e.EachType = lang.ValueToJSON(v), text
	if v.ContainsMarked() {
		TellSecrets(v, r.Secret)
		return r.seal(sealedOf(v))
	}
	return nil
}

// recallEach takes in the instances of a step with what they see as each: what was kept of it, else what for_each gives now.
func (b *branch) recallEach(p *Past, name string, e *run.Event, sealed []byte) {
	delete(b.each, name)
	if kept, ok := p.keptEach(e, sealed); ok {
		b.each[name] = kept
	}
	b.values.expand(name, *e.Keys, b.framesOf(name, *e.Keys))
}

// keptEach is what instances see as each, by key, if all of that was kept and can be read back.
func (p *Past) keptEach(e *run.Event, sealed []byte) (map[string]lang.Frame, bool) {
	if e.Each == nil {
		return nil, false
	}
	ty, err := ctyjson.UnmarshalType(e.EachType)
	if err != nil {
		return nil, false
	}
	v, lost := p.readBack("each.value", e.Each, ty, sealed)
	if lost != "" || !v.IsWhollyKnown() {
		return nil, false
	}
	TellSecrets(v, p.cfg.Secret)
	keys, frames, problem := forEach(lang.InstancesOf(v))
	byKey := make(map[string]lang.Frame, len(keys))
	for i, k := range keys {
		byKey[k] = frames[i]
	}
	return byKey, problem == ""
}
