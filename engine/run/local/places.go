package local

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// placeOf is where a step, or an undo, acts: the system of its configuration, and what its arguments say of it. Nil: neither says it,
// or it can't be told.
func (r *runner) placeOf(step *lang.Step, local lang.Frame) *run.Target {
	if r.configs == nil || step.Provider == nil || step.Child != nil {
		return nil
	}
	args, ok := PlaceArgs(r.scope, step, local)
	if !ok {
		return nil
	}
	TellSecrets(args, r.Secrets)
	config, diags := r.configs.Target(step, local)
	if diags.HasErrors() {
		return nil
	}
	t := Placed(step, config, args)
	if t.Place == "" {
		return nil
	}
	return &t
}

// Placed adds what arguments say of a place to the system of a configuration.
func Placed(step *lang.Step, config run.Target, args cty.Value) run.Target {
	spec := step.Spec.Spec()
	at, secret := spec.Place(args), provider.IsSensitive(args)
	if at == "" {
		return config
	}
	endpoint := spec.Target(args)
	where, within := config.Within()
	out := run.Target{Provider: config.Provider, Place: at, Target: endpoint, Short: endpoint, Here: config.Here}
	if endpoint == "" || config.Here { // the arguments say where in it
		out.Target, out.Short = config.Target, config.Short
		if config.Here {
			out.Short = at
		}
		if where != "" {
			out.Place = where + ", " + at
		}
		secret = secret || config.Target != where
	}
	if !secret {
		out.Target = out.Place
	}
	out.Place += within
	out.Target = cmp.Or(out.Target, lang.Blank)
	return out
}

// ShownTarget is the system that a step talks to as people see it: that of its configuration, with an argument such as a namespace in the
// place of what the configuration says of it. What each step has to say, such as a URL's path, stands among its arguments alone.
func ShownTarget(scope *lang.Scope, step *lang.Step, config run.Target, local lang.Frame) string {
	spec := step.Spec.Spec()
	said := slices.ContainsFunc(spec.PlaceArgs(), func(name string) bool { return step.Args[name] != nil })
	if !said || config.Here || slices.ContainsFunc(spec.PlaceArgs(), func(name string) bool { return spec.Args().Attribute(name).Required }) {
		return config.Target
	}
	args, ok := PlaceArgs(scope, step, local)
	if !ok || provider.IsSensitive(args) {
		return config.Target
	}
	at := spec.Place(args)
	if at == "" {
		return config.Target
	}
	return cmp.Or(config.Short, config.Target) + ", " + at
}

// PlaceArgs evaluates the arguments of a step that say where it acts, and no others. What reads the clock is left out, for it says
// something else each time. False: one can't be evaluated.
func PlaceArgs(scope *lang.Scope, step *lang.Step, local lang.Frame) (cty.Value, bool) {
	schema := step.Spec.Spec().Args()
	values := schema.Null().AsValueMap()
	for _, name := range step.Spec.Spec().PlaceArgs() {
		attr := step.Args[name]
		if attr == nil || scope.ReadsClock(attr.Expr) {
			continue
		}
		v, diags := scope.Value(attr.Expr, local)
		if diags.HasErrors() {
			return cty.NilVal, false
		}
		converted, err := convert.Convert(v, schema.Attribute(name).Type)
		if err != nil || !converted.IsWhollyKnown() {
			return cty.NilVal, false
		}
		values[name] = converted
	}
	return cty.ObjectVal(values), true
}

// undoAt is where the undo of what a step did has to act. Nil: that can't be told, or the environment is another by now.
func (r *runner) undoAt(x *execution, end *ending) *run.UndoTarget {
	if x.undoAt != nil {
		return x.undoAt(end)
	}
	undo, local := x.step.Undo.Step, x.local
	local.Self = end.value()
	on := r.configured(undo, local)
	if on == nil {
		return nil
	}
	acted := deed{step: x.step, system: x.sentTo, named: r.namedFor(x.address)}
	if on.Target != "" && !r.had(&acted, *on, local) {
		return nil
	}
	if t := r.placeOf(undo, local); t != nil {
		return &run.UndoTarget{Target: *t, Written: written(undo), System: on}
	}
	if on.Place == "" {
		return nil
	}
	return &run.UndoTarget{Target: *on, System: on} // what its arguments say of it can't be told
}

// undoAtOf is where the undo of a write that counts as done has to act, as the files have it that sent it.
func (p *Past) undoAtOf(address string, end *ending) *run.UndoTarget {
	r, x, err := p.at(address)
	if err != nil || x.step.Undo == nil {
		return nil
	}
	x.sentTo = r.systems[x.address]
	return r.undoAt(x, end)
}

// written is a digest of the text of the arguments that say where a step acts; empty: none does.
func written(step *lang.Step) string {
	text := ""
	for _, name := range step.Spec.Spec().PlaceArgs() {
		if attr := step.Args[name]; attr != nil {
			text += name + " = " + attr.Expr.Source + "\n"
		}
	}
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(step.Action + "\n" + text))
	return hex.EncodeToString(sum[:8])
}

// sealEnd encrypts what the end of a step leaves out: of its result, and of where its undo has to act.
func (r *runner) sealEnd(e *run.Event, result *provider.Result) []byte {
	var left sealedResult
	secret := e.UndoAt != nil && e.UndoAt.Keep(r.shown)
	if !secret && (result == nil || !result.Value.ContainsMarked()) {
		return nil
	}
	if result != nil {
		left = sealedOf(result.Value)
	}
	if secret {
		left.Place = e.UndoAt.Place
		if e.UndoAt.System != nil {
			left.System = e.UndoAt.System.Place
		}
	}
	return r.seal(left)
}

// recallPlaces gives the places in an event of the past what was encrypted of them. What can't be had stays unknown.
func (p *Past) recallPlaces(e *run.Event, sealed []byte) {
	var kept sealedResult
	if (e.Kept == run.KeptSealed || e.UndoAt.Sealed()) && sealed != nil && p.cfg.Unseal != nil {
		plain, err := p.cfg.Unseal(sealed)
		if err == nil {
			err = json.Unmarshal(plain, &kept)
		}
		if err != nil {
			p.cfg.Host.Log.Warn("where a step acted is secret, and can't be read back", "step", e.Step, "error", err)
		}
	}
	on := e.On()
	on.Recall(kept.Place)
	e.SentTo = on.Place
	if e.UndoAt == nil {
		return
	}
	at := *e.UndoAt
	at.Recall(kept.Place)
	if at.System != nil {
		system := *at.System
		system.Recall(kept.System)
		at.System = &system
	}
	e.UndoAt = &at
}

// samePlace refuses to ask about a write where its own arguments say, and nobody knows whether these are what it was sent with.
func (r *runner) samePlace(w *sentWith, step *lang.Step, args cty.Value) error {
	spec := step.Spec.Spec()
	if w == nil || spec.Place(args) == "" {
		return nil
	}
	was, err := argumentsIn(w.arguments, spec.Args())
	if err != nil || spec.Place(was) != r.shown(spec.Place(args)) || strings.Contains(spec.Place(was), lang.Blank) {
		return errPlaceLost
	}
	return nil
}

// errPlaceLost is why nobody is asked about a write whose place is not known.
var errPlaceLost = errors.New("it is not asked about: where it was sent to is secret and can't be read back, so that nobody knows whether that is what the step names now")

// sealedPlaces is the key of the places that the beginning of a session leaves out, beside the variables that it does; no variable has
// such a name.
const sealedPlaces = "(places)"

// keepPlaces decides how the targets of a session's beginning are kept, and gives those that are secret; nil: none is.
func (r *runner) keepPlaces(h *run.Header) []string {
	secret := false
	var places []string
	for _, list := range []*[]run.Target{&h.Targets, &h.Places} {
		*list = append([]run.Target(nil), *list...) // the plan's stay as they are
		for i := range *list {
			t, place := &(*list)[i], ""
			if t.Keep(r.shown) {
				secret, place = true, t.Place
			}
			places = append(places, place)
		}
	}
	if !secret {
		return nil
	}
	return places
}

// sealBeginning encrypts what the beginning of a session leaves out. Without the inputs no session could go on with the run, and
// nothing was done yet, so an error ends it; without a place one refuses to.
func (r *runner) sealBeginning(inputs map[string]json.RawMessage, h *run.Header) ([]byte, error) {
	places := r.keepPlaces(h)
	inputs = r.hiddenInputs(inputs, h)
	if r.Seal == nil || inputs == nil && places == nil {
		return nil, nil
	}
	if places == nil {
		return r.sealInputs(inputs)
	}
	text, err := json.Marshal(places)
	if err != nil {
		return nil, err
	}
	all := map[string]json.RawMessage{sealedPlaces: text}
	maps.Copy(all, inputs)
	if inputs == nil {
		return r.seal(all), nil
	}
	return r.sealInputs(all)
}

// hiddenInputs adds to the variables that the beginning leaves out those in which a secret of the run is blanked, such as a word that is one
// by chance.
func (r *runner) hiddenInputs(inputs map[string]json.RawMessage, h *run.Header) map[string]json.RawMessage {
	if h.Inputs == nil {
		return inputs
	}
	for name, text := range h.Inputs.Variables {
		if _, sensitive := inputs[name]; sensitive || r.shown(string(text)) == string(text) {
			continue
		}
		if inputs = maps.Clone(inputs); inputs == nil {
			inputs = map[string]json.RawMessage{}
		}
		inputs[name] = text
	}
	return inputs
}

// RecallTargets gives the targets that the beginning of a session names with what was encrypted of them: those of configurations, and
// those that arguments name.
func RecallTargets(unseal func([]byte) ([]byte, error), e *run.Event, sealed []byte) (targets, places []run.Target) {
	var all map[string]json.RawMessage
	var secret []string
	if sealed != nil && unseal != nil {
		// One that can't be read leaves its places lost, which is told where they are compared.
		if plain, err := unseal(sealed); err == nil && json.Unmarshal(plain, &all) == nil && all[sealedPlaces] != nil {
			if json.Unmarshal(all[sealedPlaces], &secret) != nil {
				secret = nil
			}
		}
	}
	at := 0
	recall := func(list []run.Target) (out []run.Target) {
		for _, t := range list {
			place := ""
			if at < len(secret) {
				place = secret[at]
			}
			at++
			t.Recall(place)
			out = append(out, t)
		}
		return out
	}
	return recall(e.Targets), recall(e.Places)
}
