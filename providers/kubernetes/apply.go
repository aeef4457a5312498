package kubernetes

import (
	"context"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/e82355ed/runbook/engine/provider"
)

type applyArgs struct {
	Manifest  cty.Value `rb:"manifest,required" doc:"What shall be: an object, a list of them, or YAML or JSON text of one or more."`
	Namespace string    `rb:"namespace,place" check:"kubernetes_namespace" doc:"Namespace of objects that name none; null: the configuration's."`
	Force     bool      `rb:"force" doc:"Take over fields that another field manager owns."`
}

type applyResult struct {
	Changes []changeResult  `rb:"changes" doc:"What it changed, by path."`
	Before  cty.Value       `rb:"before,echo" doc:"The objects that were there before and were changed, as manifests: to apply them with force takes the change back."`
	Created []createdObject `rb:"created" doc:"The objects that were not there before: to delete them takes the change back."`

	// untold says that of some of the objects nobody knows what they were before.
	untold bool
}

type createdObject struct {
	APIVersion string `rb:"api_version" doc:"API group and version."`
	Kind       string `rb:"kind" doc:"Kind."`
	Namespace  string `rb:"namespace" doc:"Its namespace; empty: it is in none."`
	Name       string `rb:"name" doc:"Its name."`
	UID        string `rb:"uid" doc:"Its UID, which tells it from another that is made under the same name later."`
}

type changeResult struct {
	Path   string  `rb:"path" doc:"Object and field, such as apps/v1/Deployment/production/api: .spec.replicas."`
	Before *string `rb:"before,echo" doc:"The value before, as JSON; null: there was none."`
	After  *string `rb:"after,echo" doc:"The value now, as JSON; null: there is none."`
}

func applyAction() provider.Action {
	return change(provider.Definition[*client, applyArgs, applyResult]{
		Name: "kubernetes_apply", Doc: "Applies manifests on the server, with the field manager runbook.",
		Instead: "kubernetes_objects shows what is there",
		Misfits: applyMisfits, Effect: provider.Write, Run: runApply, Preview: previewApply, Inquire: inquireApply,
		ChangedNothing: func(r *applyResult) bool { return len(r.Changes) == 0 && !r.untold },
		Summarize:      func(r *applyResult) string { return changesSummary(r.Changes) },
	})
}

func changesSummary(changes []changeResult) string {
	if len(changes) == 0 {
		return "nothing to change"
	}
	return counted(len(changes), "field") + " changed"
}

// applied is one object before and after.
type applied struct {
	of            manifest
	before, after rawObject
	// version is that of the object when it was read; empty: there was none.
	version string
	// untold says that before is not known: it is left out of the result.
	untold bool
}

// send applies the object. One that was not there when it was read and is not made by this is somebody else's.
func (s *applied) send(ctx context.Context, force, again bool) (err error) {
	made := false
	s.after, made, err = s.of.send(ctx, s.of.applying(force, false).at(s.version))
	s.untold = s.untold || err == nil && !made && !again && s.before == nil && s.version == ""
	return err
}

// applyNote is what is kept before sending: what the objects were. It is sealed where one is a Secret.
type applyNote struct {
	Fingerprints []string        `json:"fingerprints"`
	Versions     []objectVersion `json:"versions,omitempty"`
	Before       []rawObject     `json:"before"`
}

func runApply(ctx context.Context, in *provider.In[*client, applyArgs]) (*applyResult, error) {
	manifests, err := in.Client.locateManifests(ctx, in.Args.Manifest, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	states, err := in.Client.rehearseApply(ctx, manifests, in.Args.Force)
	if err != nil {
		return nil, err
	}
	note, keep := applyNote{}, in.Note
	for _, s := range states {
		found := differences(s.before, s.after)
		seen := versionSeen(s.before, countedIn(heads(found)...))
		if len(found) == 0 {
			seen = objectVersion{} // to apply it changes nothing
		}
		if err := note.add(s.before, seen); err != nil {
			return nil, err
		}
		if s.of.r.kind == "Secret" {
			keep = in.NoteSealed
		}
	}
	earlier, err := earlierNote[applyNote]("apply", in.Earlier)
	if err != nil {
		return nil, err
	}
	again := earlier.fits(states)
	if again {
		note = *earlier
		states = sinceNoted(states, note)
	}
	if err := keep(note); err != nil {
		return nil, err
	}
	for i := range states {
		m := states[i].of
		err := overConflicts(ctx, func() (err error) {
			if err = states[i].send(ctx, in.Args.Force, again); !changedSince(err) {
				return err
			}
			lost := states[i].readAgain(ctx, &note, i, again)
			if lost == nil {
				lost = keep(note)
			}
			if lost != nil {
				return lost
			}
			return err
		})
		if err != nil {
			failed := m.c.explain(ctx, "apply "+m.String(), err)
			if i == 0 || !refused(err) {
				return nil, failed
			}
			var names []string
			for _, s := range states[:i] {
				names = append(names, s.of.String())
			}
			return resultOfApply(states[:i]), after(failed, true, "Applied", names)
		}
		if states[i].before == nil && states[i].untold {
			in.Warn("%s was made by somebody else after it was looked for: it is not among what this step created, and what was applied over it is not taken back", m)
		}
	}
	return resultOfApply(states), nil
}

// add notes what an object is.
func (n *applyNote) add(object rawObject, seen objectVersion) error {
	print, err := fingerprint(object)
	n.Versions = append(n.Versions, seen)
	n.Fingerprints = append(n.Fingerprints, print)
	n.Before = append(n.Before, asked(object))
	return err
}

// changedSince tells the conflict with a change since the object was read from the one with another field manager.
func changedSince(err error) bool {
	return apierrors.IsConflict(err) && !apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict)
}

// readAgain takes the object, which somebody else has changed, as it is now for what it was before, and notes it as the i-th:
// unless that was before an attempt which may have changed it.
func (s *applied) readAgain(ctx context.Context, note *applyNote, i int, attempted bool) error {
	now, err := s.of.find(ctx)
	if err != nil && !notFound(err) {
		return err
	}
	s.version = versionOf(now)
	if attempted {
		return nil
	}
	s.before = now
	var one applyNote
	if err := one.add(now, versionSeen(now, false)); err != nil {
		return err
	}
	note.Fingerprints[i], note.Before[i], note.Versions[i] = one.Fingerprints[0], one.Before[0], one.Versions[0]
	return nil
}

func (m manifest) applying(force, dry bool) patching {
	return patching{typ: types.ApplyPatchType, body: m.object, force: force, dry: dry}
}

// rehearseApply reads what is there and asks the server to check all of it, so that a mistake in the last object shows
// before the first is changed. What lies in a namespace that comes with the manifest can't be checked before.
func (c *client) rehearseApply(ctx context.Context, manifests []manifest, force bool) ([]applied, error) {
	states := make([]applied, len(manifests))
	comes := map[string]bool{}
	for i, m := range manifests {
		before, err := m.find(ctx)
		if err != nil && !notFound(err) {
			return nil, c.explain(ctx, "read "+m.String(), err)
		}
		states[i] = applied{of: m, before: before, version: versionOf(before)}
		if m.r.kind == namespaces.kind && before == nil {
			comes[m.name] = true
		}
	}
	for i, m := range manifests {
		after, err := m.patch(ctx, m.applying(force, true))
		if notFound(err) && comes[m.namespace] {
			states[i].after = m.object
			continue
		}
		if err != nil {
			return nil, c.explainApply(ctx, m, err)
		}
		states[i].after = after
	}
	return states, nil
}

func (c *client) explainApply(ctx context.Context, m manifest, err error) error {
	told := c.explain(ctx, "rehearse: apply "+m.String(), err)
	if e, ok := told.(*provider.Error); ok && apierrors.IsConflict(err) { //nolint:errorlint // explain gives no other
		e.Hint, e.Permanent = "Another field manager owns the field; force = true takes it over.", true
	}
	return told
}

func resultOfApply(states []applied) *applyResult {
	result := &applyResult{}
	var before []cty.Value
	for _, s := range states {
		if result.untold = result.untold || s.untold; s.untold {
			continue
		}
		found := differences(s.before, s.after)
		result.Changes = append(result.Changes, changesOf(title(s.of.r, s.of.namespace, s.of.name), conceal(s.of.r, found))...)
		switch {
		case s.before == nil:
			result.Created = append(result.Created, createdObject{
				APIVersion: digText(s.of.object, "apiVersion"), Kind: s.of.r.kind, Namespace: s.of.namespace, Name: s.of.name,
				UID: digText(s.after, "metadata", "uid"),
			})
		case len(found) > 0:
			before = append(before, manifestValue(s.of.r, s.before))
		}
	}
	result.Before = cty.TupleVal(before)
	return result
}

// manifestValue is an object as one would apply it to have it again.
func manifestValue(r resource, object rawObject) cty.Value {
	value := provider.FromGo(asked(object))
	if r.kind == "Secret" {
		return concealed(value)
	}
	return value
}

func previewApply(ctx context.Context, in *provider.In[*client, applyArgs]) ([]provider.Change, error) {
	manifests, err := in.Client.locateManifests(ctx, in.Args.Manifest, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	states, err := in.Client.rehearseApply(ctx, manifests, in.Args.Force)
	if err != nil {
		return nil, err
	}
	changes := []provider.Change{}
	for _, s := range states {
		name := title(s.of.r, s.of.namespace, s.of.name)
		for _, c := range shown(conceal(s.of.r, differences(s.before, s.after))) {
			c.Path = name + ": " + firstOf(c.Path, "all of it")
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// inquireApply finds it done where to apply it again would change nothing, and not done where all is as noted.
func inquireApply(
	ctx context.Context, in *provider.In[*client, applyArgs], sent provider.Sent,
) (*provider.Finding[applyResult], error) {
	manifests, err := in.Client.locateManifests(ctx, in.Args.Manifest, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	states, err := in.Client.rehearseApply(ctx, manifests, in.Args.Force)
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
			found[i].untold = found[i].untold || found[i].before == nil && !madeHere(states[i].before)
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

// madeHere reports whether an object was surely made by applying it from here: it carries our mark of the second in which it was made, and
// of the others in that second only the mark of what follows by itself.
func madeHere(object rawObject) bool {
	at, made := digText(object, "metadata", "creationTimestamp"), false
	entries, _ := dig(object, "metadata", "managedFields").([]any)
	for _, e := range entries {
		manager, subresource := digText(e, "manager"), digText(e, "subresource")
		switch {
		case digText(e, "time") != at || subresource != "" || manager == "kube-controller-manager":
		case manager == fieldManager && digText(e, "operation") == "Apply":
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
		out[i] = applied{of: s.of, version: s.version, before: note.Before[i], after: s.after, untold: note.Before[i] == nil && note.Fingerprints[i] != ""}
	}
	return out
}
