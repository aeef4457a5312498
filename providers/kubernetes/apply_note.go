package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/e82355ed/runbook/engine/provider"
)

// refuseHalfUndo refuses an apply of which the step's undo could take back a part only. An undo that counts on more than one of these
// results says itself what becomes of the objects.
func refuseHalfUndo(in *provider.In[*client, applyArgs], states []applied) error {
	var made, changed []string
	for _, s := range states {
		switch {
		case s.before == nil:
			made = append(made, s.of.String())
		case len(differences(s.before, s.after)) > 0:
			changed = append(changed, s.of.String())
		}
	}
	why, undo, before, created := "", in.CountedOn("undo"), in.CountedOn("before"), in.CountedOn("created")
	switch {
	case (undo || before) && !created && len(made) > 0:
		why = "would not delete what is new: " + strings.Join(made, ", ")
	case undo && !before && !created && len(states) > 1:
		why = "counts on self.undo, which is about one object, and the manifest has " + strconv.Itoa(len(states))
	case created && !undo && !before && len(changed) > 0:
		why = "counts on self.created, and would leave what is there and would be changed: " + strings.Join(changed, ", ")
	default:
		if created && len(made) > 1 {
			in.Warn("%d objects are new, and an undo by self.created[0] deletes the first of them alone", len(made))
		}
		return nil
	}
	return &provider.Error{
		Op: "apply", Err: errors.New("the step's undo " + why), NothingDone: true, Permanent: true,
		Hint: "Nothing was changed. Apply each object by a step of its own: kubernetes_patch with self.undo takes back what was there, kubernetes_delete of self.created[0] what is new.",
	}
}

// applyNote is what is kept before sending: what the objects were. It is sealed where one is a Secret.
type applyNote struct {
	Fingerprints []string        `json:"fingerprints"`
	Versions     []objectVersion `json:"versions,omitempty"`
	Before       []rawObject     `json:"before"`
	// Undo takes the change of the one object back.
	Undo []any `json:"undo,omitempty"`
}

// notedOfApply is what takes the change of the one object back. Of one that is new nothing is known before it is made: its UID tells it from others.
func notedOfApply(text json.RawMessage) (*provider.Noted[applyResult], error) {
	var note applyNote
	if err := kjson.Unmarshal(text, &note); err != nil || note.Undo == nil || len(note.Before) != 1 {
		return nil, err
	}
	tells := []string{"undo"}
	secret := digText(note.Before[0], "kind") == "Secret"
	return &provider.Noted[applyResult]{
		Result: &applyResult{Before: cty.EmptyTupleVal, Undo: undoValue(note.Undo, secret)}, Known: tells, Meant: tells,
	}, nil
}

func noteOfApply(objects int) applyNote {
	return applyNote{
		Fingerprints: make([]string, objects), Versions: make([]objectVersion, objects), Before: make([]rawObject, objects),
	}
}

// set notes what the i-th object is, and what its rehearsal makes of it.
func (n *applyNote) set(i int, s *applied) (err error) {
	n.Versions[i] = objectVersion{} // to apply it changes nothing
	if found := differences(s.before, s.after); len(found) > 0 {
		n.Versions[i] = versionSeen(s.before, countedIn(heads(found)...))
	}
	if len(n.Before) == 1 {
		n.Undo = s.takeBack()
	}
	n.Before[i] = asked(s.before)
	n.Fingerprints[i], err = fingerprint(s.before)
	return err
}

// inquireApply finds it done where to apply it again would change nothing, and not done where all is as noted.
func inquireApply(
	ctx context.Context, in *provider.In[*client, applyArgs], sent provider.Sent,
) (*provider.Finding[applyResult], error) {
	states, err := planApply(ctx, in, false)
	if err != nil {
		return nil, err
	}
	var note applyNote
	if sent.Note != nil {
		if err := kjson.Unmarshal(sent.Note, &note); err != nil {
			return nil, fmt.Errorf("read what was noted of the manifests: %w", err)
		}
	}
	noted := note.fits(states)
	done, untouched, changed := true, true, ""
	for i, s := range states {
		now, err := fingerprint(s.before)
		if err != nil {
			return nil, err
		}
		done = done && s.before != nil && len(differences(s.before, s.after)) == 0
		untouched = untouched && (!noted || now == note.Fingerprints[i])
		if noted && !note.version(i).holds(s.before) {
			changed = s.of.String()
		}
	}
	switch {
	case done && noted:
		found := sinceNoted(states, note)
		for i := range found {
			found[i].after = states[i].before
			found[i].untold = found[i].untold || found[i].before == nil && !found[i].madeHere(in.Args.FieldManager)
		}
		return &provider.Finding[applyResult]{
			State: provider.Done, Result: resultOfApply(found), Why: "To apply it again would change nothing.",
		}, nil
	case done:
		return &provider.Finding[applyResult]{State: provider.Done, Why: "To apply it again would change nothing."}, nil
	case untouched && changed != "":
		return &provider.Finding[applyResult]{Why: takenBack(changed)}, nil
	case untouched:
		return &provider.Finding[applyResult]{State: provider.NotDone, Why: "The objects are as they were before."}, nil
	}
	return &provider.Finding[applyResult]{Why: "Some of the objects are neither as asked for nor as they were before."}, nil
}

// madeHere reports whether the object was surely made by applying it from here: it carries our mark of the second in which it was made, and
// of the others in that second only the mark of what follows by itself. What was brought back carries a mark of that.
func (s *applied) madeHere(by string) bool {
	object := s.after
	if s.of.deleted != "" {
		return s.of.broughtBack(object, by)
	}
	at, made := digText(object, "metadata", "creationTimestamp"), false
	entries, _ := dig(object, "metadata", "managedFields").([]any)
	for _, e := range entries {
		manager, subresource := digText(e, "manager"), digText(e, "subresource")
		switch {
		case digText(e, "time") != at || subresource != "" || manager == "kube-controller-manager":
		case manager == by && digText(e, "operation") == "Apply":
			made = true
		default:
			return false
		}
	}
	return made
}

// fits reports whether a note is of as many objects.
func (n *applyNote) fits(states []applied) bool {
	return n != nil && len(n.Fingerprints) == len(states) && len(n.Before) == len(states)
}

// version is that of the i-th object when it was noted; a note of before versions were noted has none.
func (n *applyNote) version(i int) objectVersion {
	if len(n.Versions) <= i {
		return objectVersion{}
	}
	return n.Versions[i]
}

// sinceNoted puts what was noted in the place of before. Notes once left out what a Secret was: then it can't be told any more.
func sinceNoted(states []applied, note applyNote) []applied {
	out := make([]applied, len(states))
	for i, s := range states {
		out[i] = applied{of: s.of, read: s.read, back: s.back, before: note.Before[i], after: s.after, untold: note.Before[i] == nil && note.Fingerprints[i] != ""}
		if len(states) == 1 {
			out[i].undo = note.Undo
		}
	}
	return out
}
