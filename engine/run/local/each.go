package local

import (
	"fmt"
	"strings"

	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// keepEach keeps in an event what the for_each of a step gave, where it may give something else in a later session: files and the
// environment change, and the variables of a runbook that a step runs may come from there. What is sensitive of it is given encrypted.
func (r *runner) keepEach(step *lang.Step, all *lang.Instances, e *run.Event) (sealed []byte) {
	delete(r.each, step.Name)
	v, around := all.Value, r.runbook.Surroundings(step.ForEach)
	if !around.Files && !around.Environment && (!around.Variables || r.branch.parent == nil) {
		return nil
	}
	text, err := ctyjson.MarshalType(v.Type())
	if err != nil {
		return nil // for_each is evaluated again then
	}
	r.each[step.Name] = &keptEach{all: all, of: r.writtenEach(step)}
	e.Each, e.EachType, e.EachOf = lang.ValueToJSON(v), text, r.each[step.Name].of
	if v.ContainsMarked() {
		TellSecrets(v, r.Secrets)
		return r.seal(sealedOf(v))
	}
	return nil
}

// secretKeys says why instances can't have some keys; empty: they can. Addresses show them everywhere, so that none may hold a secret of the
// run, be it one that a system echoes or a word that is one by chance. What is made of the files and the run's own variables alone stands
// there in the open, and so does a whole word of the expression itself.
func (b *branch) secretKeys(step *lang.Step, keys []string, shown func(string) string) string {
	open, written := true, "\x00"
	b.eachParts(step, func(at *branch, _ *lang.Step, e *lang.Expr) {
		open = open && !at.takesIn(e)
		for _, used := range at.runbook.Uses(e) {
			written += used.Written()
		}
	})
	if open {
		return ""
	}
	for i, key := range keys {
		if shown(key) != key && !strings.Contains(written, "\x00"+key+"\x00") {
			return fmt.Sprintf("key %d of %d holds what is a secret of the run too, and would show it; give the instances other keys, as in { for i, x in [ … ] : tostring(i) => x }", i+1, len(keys))
		}
	}
	return ""
}

// keptEach is what for_each gave in an earlier session.
type keptEach struct {
	all *lang.Instances
	// of is the digest of how it was written then.
	of string
	// over says that it is made of something that runs again.
	over bool
}

func (k *keptEach) byKey() map[string]lang.Frame { return framesByKey(k.all.Keys, k.all.Frames) }

// recallEach takes in the instances of a step with what they see as each: what was kept of it, else what for_each gives now.
func (b *branch) recallEach(p *Past, name string, e *run.Event, sealed []byte) {
	delete(b.each, name)
	if all := p.readEach(e, sealed); all != nil {
		b.each[name] = &keptEach{all: all, of: e.EachOf}
	}
	b.values.expand(name, *e.Keys, b.framesOf(name, *e.Keys))
}

// ended keeps how a step (key -1) or an instance ended, before the state takes that in. A step that was to be expanded anew ends with what was
// left of it.
func (b *branch) ended(name string, key int, end *ending) {
	if key < 0 && b.state.Anew(name) {
		keys, _ := b.values.keysOf(name)
		b.values.endRest(name, b.state.Rest(name, keys), end)
		return
	}
	b.values.end(name, key, end)
}

// expandAnew takes in which instances steps have from now on, by the address of the step, whose for_each changed files have otherwise.
func (b *branch) expandAnew(instances map[string][]string) {
	for name, keys := range instances {
		if b.graph.Node(name) != nil && len(b.state.Instances(name)) > 0 {
			delete(b.each, name)
			b.values.expandAnew(name, keys, b.framesOf(name, keys))
		}
	}
}

// readEach is what for_each gave, if all of that was kept and can be read back, else nil.
func (p *Past) readEach(e *run.Event, sealed []byte) *lang.Instances {
	if e.Each == nil {
		return nil
	}
	ty, err := ctyjson.UnmarshalType(e.EachType)
	if err != nil {
		return nil
	}
	v, lost := p.readBack("each.value", e.Each, as(ty), sealed, whole)
	if lost != "" || !v.IsWhollyKnown() {
		return nil
	}
	TellSecrets(v, p.cfg.Secrets)
	all := lang.InstancesOf(v)
	if _, _, problem := forEach(all); problem != "" {
		return nil
	}
	return all
}
