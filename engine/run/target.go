package run

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Target is one provider configuration and the place that it points at.
type Target struct {
	// Provider is the address: "kubernetes", "kubernetes.eu".
	Provider string `json:"provider" blank:"-"`
	Target   string `json:"target"`
	// Kept says how much of the place is kept, for a later session to compare.
	Kept Kept `json:"kept,omitempty" blank:"-"`

	// Place is the place in full, which may be secret; empty: it is not known. Short is what of it histories held before Kept was there.
	Place string `json:"-"`
	Short string `json:"-"`
	// Here says that it is the machine that runs the steps, see [provider.Place]. Short is then what of it histories held before they
	// named that.
	Here bool `json:"-"`
	// Unsaid is what arguments that are left out would say of the place: "namespace shop".
	Unsaid string `json:"-"`
}

// UndoTarget is where an undo has to act, worked out when its step had acted.
type UndoTarget struct {
	Target
	// Written is a digest of the text of the arguments that say so: once they are written otherwise, they are meant otherwise.
	Written string `json:"written,omitempty" blank:"-"`
	// System is what its configuration names of it, which may be nothing, without what arguments say. Nil: an older version did not keep it.
	System *Target `json:"system,omitempty"`
}

// On is what its configuration names; nil: nobody knows it.
func (t *UndoTarget) On() *Target {
	if t.System == nil && t.Written == "" {
		return &t.Target // no argument says anything
	}
	return t.System
}

// Has reports whether a part of it, or all, is what is there now. Where it has its system, nothing of the place was left out.
func (t *UndoTarget) Has(part, now Target, redact func([]byte) []byte) bool {
	_, then := part.Within()
	_, within := now.Within()
	return part.SamePlace(now, redact) && (t.System == nil || then == within)
}

// Sealed reports whether what is secret of it is encrypted with the event.
func (t *UndoTarget) Sealed() bool {
	return t != nil && (t.Kept == KeptSealed || t.System != nil && t.System.Kept == KeptSealed)
}

// LeavesOut reports whether arguments say nothing now of where an undo acts, which is then another place, as they did, or the configuration names
// another. now is what that names, and place that with what arguments say.
func (t *UndoTarget) LeavesOut(now, place Target) bool {
	where, within := now.Within()
	return place.Place == now.Place && t.Place != now.Place && t.Place != where+", "+now.Unsaid+within
}

// Keep is that of the place, and of the system in it.
func (t *UndoTarget) Keep(shown func(string) string) (secret bool) {
	secret = t.Target.Keep(shown)
	return t.System != nil && t.System.Keep(shown) || secret
}

// UndoWith are parts of an undo's arguments, worked out before its step acted: those that need something else than the step's own result.
type UndoWith struct {
	// Values is an object: what each part came to, by the argument and the part's place in it, "env.1".
	Values json.RawMessage `json:"values"`
	// Types are the types, as cty writes them, of those of them whose JSON does not tell them.
	Types map[string]json.RawMessage `json:"types,omitempty"`
	// Written are digests of the text of the arguments, by name: once one is another, it is meant otherwise.
	Written map[string]string `json:"written" blank:"-"`
}

// Kept says how much is kept of a place.
type Kept string

// How much that can be. Without a word, a part of it may be missing in the text: what came before the others, or what only a run
// knows.
const (
	KeptWhole  Kept = "whole"  // the text is all of it
	KeptSealed Kept = "sealed" // what is secret of it is encrypted with the event
)

// Keep decides how a target is kept. secret is true where the place is to be encrypted; shown blanks secrets.
func (t *Target) Keep(shown func(string) string) (secret bool) {
	switch {
	case t.Place == "":
		t.Kept = ""
	case t.Place == t.Target && shown(t.Place) == t.Place:
		t.Kept = KeptWhole
	default:
		t.Kept = KeptSealed
	}
	return t.Kept == KeptSealed
}

// Recall gives a target of the history its place back. sealed is what was encrypted; empty: it is not to be had.
func (t *Target) Recall(sealed string) {
	switch t.Kept {
	case KeptWhole:
		t.Place = t.Target
	case KeptSealed:
		t.Place = sealed
	}
}

// Within tells the place from what else is compared of it, lines of which each begins behind a line end.
func (t Target) Within() (where, within string) {
	at := strings.IndexByte(t.Place, '\n')
	if at < 0 {
		return t.Place, ""
	}
	return t.Place[:at], t.Place[at:]
}

// others names what else is another in two places of one system: "header Host". Values are not shown.
func (t Target) others(now Target) (names []string) {
	was, within := t.Within()
	is, inside := now.Within()
	if was != is {
		return nil
	}
	before, after := strings.Split(within, "\n"), strings.Split(inside, "\n")
	for _, line := range slices.Concat(before, after) {
		if name, _, ok := strings.Cut(line, ":"); ok && slices.Contains(before, line) != slices.Contains(after, line) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// withinUnrecorded reports whether all that is another is that nothing was recorded of what else says where in a system steps act, such as
// headers: older versions did not. A changed file that has them is told as changed.
func (t Target) withinUnrecorded(now Target) bool {
	was, within := t.Within()
	is, _ := now.Within()
	return within == "" && was != "" && was == is
}

// Lost reports whether what a target of the history is to be compared by can't be read.
func (t Target) Lost() bool { return t.Kept == KeptSealed && t.Place == "" }

// Same reports whether a configuration points at the place that the history has for it, as far as it told. redact blanks secrets,
// as they are in the history; nil: none are known. Of a place that is lost nobody knows.
func (t Target) Same(now Target, redact func([]byte) []byte) bool {
	if t.Provider != now.Provider {
		return false
	}
	if t.Kept != "" {
		return !t.Lost() && (t.Place == cmp.Or(now.Place, now.Target) || now.Here && t.Place == now.Short || t.withinUnrecorded(now))
	}
	short := cmp.Or(now.Short, now.Target)
	return t.Target == short || redact != nil && t.Target == string(redact([]byte(short)))
}

// SamePlace is Same, however the configuration is called, where all of the place was kept.
func (t Target) SamePlace(now Target, redact func([]byte) []byte) bool {
	if t.Kept != "" {
		now.Provider = t.Provider
	}
	return t.Same(now, redact)
}

// Moved says that a place was another than it is.
func (t Target) Moved(now Target, then string) string {
	switch {
	case t.Lost():
		return fmt.Sprintf("where %s was%s is secret and can't be read back, so that nobody knows whether it is %s now", t.Provider, then, now.Target)
	case t.Provider != now.Provider:
		return fmt.Sprintf("the step acted through %s, on %s, and this would act through %s, on %s", t.Provider, t.Target, now.Provider, now.Target)
	case len(t.others(now)) > 0:
		return fmt.Sprintf("%s was another place%s than it is now, as %s is another, whose value is not shown: both are on %s",
			t.Provider, then, strings.Join(t.others(now), " and "), now.Target)
	case t.Target == now.Target:
		return fmt.Sprintf("%s was another place%s than it is now, and what is not the same is secret: both are on %s", t.Provider, then, now.Target)
	}
	return fmt.Sprintf("%s was %s%s, and is %s now", t.Provider, t.Target, then, now.Target)
}

// On is the system that a write was sent to, as its start tells.
func (e *Event) On() Target {
	return Target{Provider: e.Provider, Target: e.Target, Kept: e.Kept, Place: e.SentTo}
}

// BeginsSteps reports whether an event begins a session that carries steps out: not one that only undoes, or only ends the run.
func (e *Event) BeginsSteps() bool {
	return e.Type == RunStarted || e.Type == RunResumed && e.Undo == nil && e.Reason != ReasonCancel
}
