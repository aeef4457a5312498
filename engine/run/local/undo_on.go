package local

import (
	"cmp"
	"slices"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// undoPlace is undoSystem of a deed of which the history has where its undo has to act. A changed file may have it act at another place of the
// system that its configuration named, as its arguments say, and on no other.
func (r *runner) undoPlace(d *deed, local lang.Frame) (was, moved *run.Target) {
	undo, at := d.undo(), d.undoAt
	local.At = lang.Place{}
	now := r.configured(undo, local)
	if now == nil {
		return nil, nil
	}
	place, on := r.placeOf(undo, local), r.undoneOn(d, *now, local)
	switch {
	case place == nil && now.Target == "":
		return nil, nil
	case r.throughAnother(d, *now):
		return &at.Target, cmp.Or(place, now)
	case place != nil && at.Has(at.Target, *place, r.Redact):
		return place, nil
	case place != nil && at.LeavesOut(*now, *place):
		return &at.Target, place
	case on != nil && !at.Has(*on, *now, r.Redact):
		return namedOr(on, &at.Target), namedOr(now, place)
	case place == nil:
		return now, nil // what is wrong with its arguments, the errand says
	case on == nil, at.Written == written(undo):
		return &at.Target, place
	}
	return place, nil
}

// throughAnother reports whether an undo that acts through what its step does acts through another block than it did, which is still there: who
// looks through that is somebody else, on the same system too. One that has another name by now is the same.
func (r *runner) throughAnother(d *deed, now run.Target) bool {
	then := run.StepName(d.undoAt.Provider)
	return d.undo().ProviderRef == d.step.ProviderRef && then != run.StepName(now.Provider) && r.runbook.HasProvider(then)
}

// namedOr is a system or, where that is none, the place that arguments say.
func namedOr(system, place *run.Target) *run.Target {
	if system.Target == "" {
		return place
	}
	return system
}

// undoneOn is what the configuration of an undo named when its step had acted; nil: nobody knows it. Of a history that does not tell, it is what
// the session named for it, if all of that is kept.
func (r *runner) undoneOn(d *deed, now run.Target, local lang.Frame) *run.Target {
	if on := d.undoAt.On(); on != nil {
		return on
	}
	known := slices.DeleteFunc(r.wasOn(d, now, local), func(t run.Target) bool { return t.Kept == "" })
	if i := slices.IndexFunc(known, func(t run.Target) bool { return t.SamePlace(now, r.Redact) }); i >= 0 {
		return &known[i]
	}
	return nil
}

// undoOn is the system on which the undo of a deed is to be done, for people, beside the arguments that they are told. Where its configuration
// can't be worked out any more, as its key is gone, that is what the history tells for it. Nil: nobody knows it. whole says that it tells what
// arguments say of the place too, as they say something else by now.
func (r *runner) undoOn(d *deed, local lang.Frame) (on *run.Target, whole bool) {
	was, moved := r.undoSystem(d, local)
	at := d.undoAt
	switch {
	case was != nil && moved == nil:
		return r.beside(d.undo(), was, local), false
	case was != nil && (at == nil || was != &at.Target):
		return was, false
	case at == nil:
		return r.lastKnown(d, local), false
	case was == nil && at.On() != nil && at.On().Target != "":
		return at.On(), false
	}
	where, _ := at.Within()
	return &at.Target, at.Target.Target == where && at.Written == written(d.undo())
}

// beside is where a step acts, without what its arguments say of it where they are told.
func (r *runner) beside(step *lang.Step, place *run.Target, local lang.Frame) *run.Target {
	on := *cmp.Or(r.system(step, local), place)
	spec := step.Spec.Spec()
	if args, ok := PlaceArgs(r.scope, step, local); ok {
		switch endpoint := spec.Target(args); {
		case endpoint != "":
			on.Target = endpoint
		case on.Unsaid != "" && spec.Place(args) != "":
			on.Target = on.Short
		}
	}
	return &on
}

// lastKnown is where the history has the configuration of an undo that can't be worked out any more: where its step was sent with it, or what the
// session named for it; nil: it has not.
func (r *runner) lastKnown(d *deed, local lang.Frame) *run.Target {
	if r.configs == nil || d.undo().Provider == nil {
		return nil
	}
	name := r.configs.called(d.undo(), local)
	if name == "" {
		return nil
	}
	if d.system != nil && d.system.Provider == name {
		return d.system
	}
	if i := slices.IndexFunc(d.named, func(t run.Target) bool { return t.Provider == name && t.Kept != "" }); i >= 0 {
		return &d.named[i]
	}
	return nil
}
