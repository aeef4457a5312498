package local

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// keepEach keeps in an event what the for_each of a step gave, where it may give something else in a later session. What is sensitive of it is
// given encrypted.
func (r *runner) keepEach(step *lang.Step, all *lang.Instances, e *run.Event) (sealed []byte) {
	x, sealed := r.tellEach(r.branch, step, all)
	e.Each, e.EachType, e.EachOf = x.Each, x.EachType, x.EachOf
	return sealed
}

// tellEach tells the instances of a step of a branch, with what its for_each gave where it may give something else in a later session: files and the
// environment change, and the variables of a runbook that a step runs may come from there.
func (s *session) tellEach(b *branch, step *lang.Step, all *lang.Instances) (x run.Instances, sealed []byte) {
	delete(b.each, step.Name)
	x = run.Instances{Step: b.prefix + step.Name, Keys: all.Keys}
	v, around := all.Value, b.runbook.Surroundings(step.ForEach)
	if !around.Files && !around.Environment && (!around.Variables || b.parent == nil) {
		return x, nil
	}
	text, err := ctyjson.MarshalType(v.Type())
	if err != nil {
		return x, nil // for_each is evaluated again then
	}
	b.each[step.Name] = &keptEach{all: all, of: b.writtenEach(step)}
	x.Each, x.EachType, x.EachOf = lang.ValueToJSON(v), text, b.each[step.Name].of
	if v.ContainsMarked() {
		TellSecrets(v, s.Secrets)
		return x, s.seal(sealedOf(v))
	}
	return x, nil
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
func (b *branch) recallEach(p *Past, name string, x run.Instances, sealed []byte, expand func(name string, keys []string, each []lang.Frame)) {
	delete(b.each, name)
	if all := p.readEach(x, sealed); all != nil {
		b.each[name] = &keptEach{all: all, of: x.EachOf}
	}
	expand(name, x.Keys, b.framesOf(name, x.Keys))
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

// expandAnew takes in which instances steps have from now on, whose for_each changed files have otherwise. sealed is what is encrypted of each, by
// the step's address.
func (b *branch) expandAnew(p *Past, instances []run.Instances, sealed map[string][]byte) {
	for _, x := range instances {
		if b.state.Expanded(x.Step) {
			b.recallEach(p, x.Step, x, sealed[b.prefix+x.Step], b.values.expandAnew)
		}
	}
}

// sealedEachPrefix is what stands before the address of a step in what the beginning of a session seals, where that is of its instances.
const sealedEachPrefix = "each "

// sealedEach is what is encrypted in the beginning of a session of what for_each gave, by the step's address.
func (p *Past) sealedEach(e *run.Event, sealed []byte) map[string][]byte {
	var all map[string]json.RawMessage
	if len(e.Instances) == 0 || sealed == nil || p.cfg.Unseal == nil {
		return nil
	}
	plain, err := p.cfg.Unseal(sealed)
	if err != nil || json.Unmarshal(plain, &all) != nil {
		return nil // for_each is evaluated again then
	}
	out := map[string][]byte{}
	for name, text := range all {
		address, is := strings.CutPrefix(name, sealedEachPrefix)
		var own []byte
		if is && json.Unmarshal(text, &own) == nil {
			out[address] = own
		}
	}
	return out
}

// given are the instances that steps have from now on as a session tells them, with what is encrypted of that.
func (p *Past) given(r *runner, instances map[string]*lang.Instances) (out []run.Instances, sealed map[string]json.RawMessage, err error) {
	for _, address := range slices.Sorted(maps.Keys(instances)) {
		b, name, ok := p.find(address)
		if !ok {
			return nil, nil, fmt.Errorf("there is no step %s", address)
		}
		x, own := r.tellEach(b, b.graph.Node(name).Step, instances[address])
		if out = append(out, x); own == nil {
			continue
		}
		text, err := json.Marshal(own)
		if err != nil {
			return nil, nil, err
		}
		if sealed == nil {
			sealed = map[string]json.RawMessage{}
		}
		sealed[sealedEachPrefix+address] = text
	}
	return out, sealed, nil
}

// readEach is what for_each gave, if all of that was kept and can be read back, else nil.
func (p *Past) readEach(x run.Instances, sealed []byte) *lang.Instances {
	if x.Each == nil {
		return nil
	}
	ty, err := ctyjson.UnmarshalType(x.EachType)
	if err != nil {
		return nil
	}
	v, lost := p.readBack("each.value", x.Each, as(ty), sealed, whole)
	if lost != "" || !v.IsWhollyKnown() {
		p.missed(cmp.Or(lost, "what a for_each gave can't be read back"))
		return nil
	}
	TellSecrets(v, p.cfg.Secrets)
	all := lang.InstancesOf(v)
	if _, _, problem := forEach(all); problem != "" {
		return nil
	}
	return all
}
