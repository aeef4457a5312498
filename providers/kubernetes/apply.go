package kubernetes

import (
	"context"
	"errors"

	"github.com/zclconf/go-cty/cty"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/e82355ed/runbook/engine/provider"
)

type applyArgs struct {
	Manifest     cty.Value `rb:"manifest,required,partly" doc:"What shall be: an object, a list of them, or YAML or JSON text of one or more. One with spec.replicas = 0 is destructive."`
	Namespace    string    `rb:"namespace,place,filled" said_in:"manifest" check:"kubernetes_namespace" doc:"Namespace of objects that name none; null: the configuration's."`
	Force        bool      `rb:"force" doc:"Take over fields that another field manager owns."`
	FieldManager string    `rb:"field_manager,filled" default:"runbook" doc:"By whom the server says that the fields were set. What an earlier apply by the same has set, and the manifest does not name, goes."`
	Prune        bool      `rb:"prune" doc:"Have removed what an earlier apply by the same field manager has set and the manifest does not name, instead of refusing."`
}

type applyResult struct {
	Changes []changeResult  `rb:"changes" doc:"What it changed, by path."`
	Before  cty.Value       `rb:"before,echo" doc:"The objects that were there before and were changed, as manifests."`
	Undo    cty.Value       `rb:"undo,echo" doc:"A patch of type json for kubernetes_patch that takes the changes of the one object back, unless somebody else has changed the same fields since; null where there are several objects, or it was not there."`
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
		Name: "kubernetes_apply", Doc: "Applies manifests on the server.",
		Instead: "kubernetes_objects shows what is there",
		Effect:  provider.Destructive, EffectArgs: []string{"manifest"},
		Classify: func(a *applyArgs, _ provider.Known) provider.Effect { return toZero(zeroManifest(a.Manifest, true)) },
		AtLeast:  func(a *applyArgs, _ provider.Known) provider.Effect { return toZero(zeroManifest(a.Manifest, false)) },
		Because: func(a *applyArgs, _ provider.Known) string {
			return becauseZero("kubernetes_apply", zeroManifest(a.Manifest, false), zeroManifest(a.Manifest, true))
		},
		Misfits: applyMisfits, Run: runApply, Preview: previewApply, Inquire: inquireApply, Noted: notedOfApply,
		ChangedNothing: func(r *applyResult) bool { return len(r.Changes) == 0 && !r.untold },
		Summarize:      func(r *applyResult) string { return applySummary(r) },
	})
}

// applySummary tells the objects that are new from the fields that are others: a new object is one change.
func applySummary(r *applyResult) string {
	made, fields := len(r.Created), len(r.Changes)-len(r.Created)
	switch {
	case made == 0:
		return changesSummary(r.Changes)
	case fields <= 0:
		return counted(made, "object") + " created"
	}
	return counted(made, "object") + " created, " + counted(fields, "field") + " changed"
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
	// read is which state of the object was read, nothing where there was none: it is applied to that alone.
	read objectVersion
	// untold says that before is not known: it is left out of the result.
	untold bool
	// undo is what was noted to take the change back; nil: the difference tells it.
	undo []any
	// back says that it is to be brought back and is there again: nothing is sent.
	back bool
}

func (s *applied) takeBack() []any {
	found := differences(s.before, s.after)
	if s.undo != nil || s.before == nil || s.untold || len(found) == 0 {
		return s.undo
	}
	return takeBack(found, s.after)
}

// send applies the object as it was read. One that was changed, made or deleted since is a conflict (409).
func (s *applied) send(ctx context.Context, a *applyArgs) (err error) {
	s.after, err = s.of.patch(ctx, s.of.applying(a, false).to(s.read))
	return err
}

// planApply reads and rehearses; nothing is refused that only a run refuses. Patient, it waits for what has to end before.
func planApply(ctx context.Context, in *provider.In[*client, applyArgs], patient bool) ([]applied, error) {
	manifests, err := in.Client.locateManifests(ctx, in.Args.Manifest, in.Args.Namespace)
	if err == nil && patient {
		err = in.Client.awaitEnds(ctx, manifests)
	}
	if err != nil {
		return nil, err
	}
	return in.Client.rehearseApply(ctx, manifests, in.Args)
}

// mayApply is planApply, and refuses what must not be sent.
func mayApply(ctx context.Context, in *provider.In[*client, applyArgs], patient bool) ([]applied, error) {
	states, err := planApply(ctx, in, patient)
	if err == nil {
		err = refuseStanding(states)
	}
	if err == nil {
		err = refusePruning(states, in.Args)
	}
	return states, err
}

func runApply(ctx context.Context, in *provider.In[*client, applyArgs]) (*applyResult, error) {
	states, err := mayApply(ctx, in, true)
	if err != nil {
		return nil, err
	}
	note, keep := noteOfApply(len(states)), in.Note
	for i := range states {
		if err := note.set(i, &states[i]); err != nil {
			return nil, err
		}
		if states[i].of.r.kind == "Secret" {
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
	} else if err := refuseHalfUndo(in, states); err != nil {
		return nil, err
	}
	if err := keep(note); err != nil {
		return nil, err
	}
	return sendApply(ctx, in, states, again, func(i int) error {
		if again {
			return nil // it keeps what the attempt before noted
		}
		if err := refuseHalfUndo(in, states); err != nil {
			return err
		}
		return errors.Join(note.set(i, &states[i]), keep(note))
	})
}

// sendApply applies the objects one after the other.
func sendApply(
	ctx context.Context, in *provider.In[*client, applyArgs], states []applied, again bool, renote func(i int) error,
) (*applyResult, error) {
	var sent []string
	partial := false // to bring back again what was deleted goes on where it ended
	for i := range states {
		s, m := &states[i], states[i].of
		if s.back {
			s.untold = s.untold || s.before == nil && !s.madeHere(in.Args.FieldManager)
		} else if err := s.sendAsRead(ctx, in.Args, again, func() error { return renote(i) }); err != nil {
			failed := m.c.explained(ctx, "apply "+m.String(), err)
			if sent == nil || !refused(err) && !provider.NothingDone(err) {
				return nil, failed
			}
			return resultOfApply(states[:i]), after(failed, partial, "Applied", sent)
		}
		if s.back {
			in.Warn("%s is there again, made %s: there is nothing to do", m, madeBy(s.after))
			continue
		}
		sent, partial = append(sent, m.String()), partial || m.deleted == ""
	}
	return resultOfApply(states), nil
}

// sendAsRead applies the object. One that somebody else has changed is read, rehearsed and noted anew.
func (s *applied) sendAsRead(ctx context.Context, a *applyArgs, again bool, renote func() error) error {
	return overConflicts(ctx, func() error {
		conflict := s.send(ctx, a)
		switch {
		case s.of.deleted != "" && apierrors.IsConflict(conflict):
			return s.madeInBetween(ctx, a, conflict)
		case !changedSince(conflict):
			return conflict
		}
		if err := s.readAgain(ctx, a, again); err != nil {
			return err
		}
		if err := renote(); err != nil {
			return err
		}
		return conflict
	})
}

// changedSince tells the conflict with a change since the object was read from the one with another field manager.
func changedSince(err error) bool {
	return apierrors.IsConflict(err) && !apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict)
}

// readAgain takes the object, which somebody else has changed, as it is now for what it was before: unless that was before an attempt
// which may have changed it.
func (s *applied) readAgain(ctx context.Context, a *applyArgs, attempted bool) error {
	now, err := s.of.find(ctx)
	if err != nil && !notFound(err) {
		return err
	}
	s.read = versionSeen(now, false)
	if attempted {
		return nil
	}
	s.before = now
	if s.after, err = s.of.patch(ctx, s.of.applying(a, true)); err != nil {
		return err
	}
	return refusePruning([]applied{*s}, a)
}

func (m manifest) applying(a *applyArgs, dry bool) patching {
	p := patching{typ: types.ApplyPatchType, body: m.object, force: a.Force, manager: a.FieldManager, dry: dry}
	if m.deleted != "" {
		body := runtime.DeepCopyJSON(m.object)
		annotate(body, standsFor, m.deleted)
		p.body = body
		return p.to(objectVersion{})
	}
	return p
}

// rehearseApply reads what is there and asks the server to check all of it, so that a mistake in the last object shows
// before the first is changed. What lies in a namespace that comes with the manifest can't be checked before.
func (c *client) rehearseApply(ctx context.Context, manifests []manifest, a *applyArgs) ([]applied, error) {
	states := make([]applied, len(manifests))
	comes := map[string]bool{}
	for i, m := range manifests {
		before, err := m.find(ctx)
		if err != nil && !notFound(err) {
			return nil, c.explain(ctx, "read "+m.String(), err)
		}
		states[i] = applied{of: m, before: before, read: versionSeen(before, false)}
		if m.r.kind == namespaces.kind && before == nil {
			comes[m.name] = true
		}
	}
	for i, m := range manifests {
		if before := states[i].before; m.deleted != "" && before != nil {
			if states[i].back, states[i].after = m.isBack(before, a.FieldManager), m.object; states[i].back {
				states[i].after = before
			}
			continue
		}
		after, err := m.patch(ctx, m.applying(a, true))
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
			before = append(before, manifestValue(s.of.r, asked(s.before)))
		}
	}
	result.Before, result.Undo = cty.TupleVal(before), cty.NullVal(cty.DynamicPseudoType)
	if len(states) == 1 {
		if undo := states[0].takeBack(); undo != nil {
			result.Undo = undoValue(undo, states[0].of.r.kind == "Secret")
		}
	}
	return result
}

// manifestValue is a manifest as a result tells it.
func manifestValue(r resource, manifest rawObject) cty.Value {
	value := provider.FromGo(manifest)
	if r.kind == "Secret" {
		return concealed(value)
	}
	return value
}

func previewApply(ctx context.Context, in *provider.In[*client, applyArgs]) ([]provider.Change, error) {
	states, err := mayApply(ctx, in, false)
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
