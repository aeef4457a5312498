package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/apimachinery/pkg/types"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/e82355ed/runbook/engine/provider"
)

type patchArgs struct {
	Resource  string    `rb:"resource,required" check:"kubernetes_resource" doc:"What to patch, as TYPE/NAME: service/api."`
	Patch     cty.Value `rb:"patch,required,partly" doc:"The patch: an object, a list of JSON Patch operations, or either as JSON text. One that sets spec.replicas to 0 is destructive; one that copies or moves something onto it may be."`
	Type      string    `rb:"type" default:"strategic" one_of:"strategic,merge,json" doc:"How to read the patch; strategic is for built-in types only."`
	Namespace string    `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
	Force     bool      `rb:"force" doc:"No difference here: a patch takes over the fields that it sets. It is there because kubernetes_apply has it."`
}

type patchResult struct {
	Changes []changeResult `rb:"changes" doc:"What it changed, by path."`
	Undo    cty.Value      `rb:"undo,echo" doc:"A patch of type json that takes the changes back, unless somebody else has changed the same fields since."`
}

// patchTypes are the media types of the three forms.
var patchTypes = map[string]types.PatchType{
	"strategic": types.StrategicMergePatchType, "merge": types.MergePatchType, "json": types.JSONPatchType,
}

func patchAction() provider.Action {
	return change(provider.Definition[*client, patchArgs, patchResult]{
		Name: "kubernetes_patch", Doc: "Patches an object.",
		Instead: "kubernetes_objects shows the object",
		Effect:  provider.Destructive, EffectArgs: []string{"patch"},
		Classify: func(a *patchArgs, _ provider.Known) provider.Effect { return toZero(zeroPatch(a.Patch, true)) },
		AtLeast:  func(a *patchArgs, _ provider.Known) provider.Effect { return toZero(zeroPatch(a.Patch, false)) },
		Because: func(a *patchArgs, _ provider.Known) string {
			return becauseZero("kubernetes_patch", zeroPatch(a.Patch, false), zeroPatch(a.Patch, true))
		},
		Run: runPatch, Preview: previewPatch, Inquire: inquirePatch, Noted: notedOfPatch,
		ChangedNothing: func(r *patchResult) bool { return len(r.Changes) == 0 },
		Summarize:      func(r *patchResult) string { return changesSummary(r.Changes) },
	})
}

// patchNote is what is kept before sending.
type patchNote struct {
	Before  string         `json:"before"`
	Version objectVersion  `json:"version,omitzero"`
	After   string         `json:"after"`
	Changes []changeResult `json:"changes"`
	Undo    []any          `json:"undo,omitempty"`
	// Secret says that the values in it are.
	Secret bool `json:"secret,omitempty"`
}

// notedOfPatch is what the patch is to change, and what takes that back.
func notedOfPatch(text json.RawMessage) (*provider.Noted[patchResult], error) {
	var note patchNote
	if err := kjson.Unmarshal(text, &note); err != nil || note.Undo == nil {
		return nil, err
	}
	tells := []string{"changes", "undo"}
	return &provider.Noted[patchResult]{Result: &patchResult{Changes: note.Changes, Undo: undoValue(note.Undo, note.Secret)}, Known: tells, Meant: tells}, nil
}

func runPatch(ctx context.Context, in *provider.In[*client, patchArgs]) (*patchResult, error) {
	s, p, err := planPatch(ctx, in)
	if err != nil {
		return nil, err
	}
	earlier, err := earlierNote[patchNote]("patch "+s.String(), in.Earlier)
	if err != nil {
		return nil, err
	}
	keep := in.Note
	if s.r.kind == "Secret" {
		keep = in.NoteSealed
	}
	var result *patchResult
	err = overConflicts(ctx, func() (err error) {
		result, err = s.sendPatch(ctx, p, earlier, keep)
		return err
	})
	return result, err
}

// sendPatch reads, rehearses, notes and sends. What it changed is told by what was there before, so that a change of somebody
// else's in between must not pass for a part of it.
func (s subject) sendPatch(ctx context.Context, p patching, earlier *patchNote, keep func(any) error) (*patchResult, error) {
	before, rehearsed, err := s.rehearsePatch(ctx, p)
	if err != nil {
		return nil, err
	}
	note, err := s.notePatch(before, rehearsed)
	if err != nil {
		return nil, err
	}
	if earlier != nil {
		note.Before, note.Version, note.Changes, note.Undo = earlier.Before, earlier.Version, earlier.Changes, earlier.Undo
	}
	if err := keep(note); err != nil {
		return nil, err
	}
	after, err := s.patch(ctx, p.at(versionOf(before)))
	if err != nil {
		return nil, s.c.explain(ctx, "patch "+s.String(), err)
	}
	if earlier != nil {
		return s.resultOfPatch(note.Changes, note.Undo), nil
	}
	found := differences(before, after)
	return s.resultOfPatch(changesOf(title(s.r, s.namespace, s.name), conceal(s.r, found)), takeBack(found, after)), nil
}

func (s subject) resultOfPatch(changes []changeResult, undo []any) *patchResult {
	return &patchResult{Changes: changes, Undo: undoValue(undo, s.r.kind == "Secret")}
}

// undoValue is a patch that takes a change back, as a result tells it.
func undoValue(patch []any, secret bool) cty.Value {
	undo := provider.FromGo(patch)
	if secret {
		undo = undo.Mark(provider.Sensitive)
	}
	return undo
}

func (s subject) notePatch(before, after rawObject) (*patchNote, error) {
	found := differences(before, after)
	note := &patchNote{Changes: changesOf(title(s.r, s.namespace, s.name), conceal(s.r, found)), Undo: takeBack(found, after), Secret: s.r.kind == "Secret"}
	note.Version = versionSeen(before, countedIn(heads(found)...))
	var err error
	if note.Before, err = fingerprint(before); err == nil {
		note.After, err = fingerprint(after)
	}
	return note, err
}

func planPatch(ctx context.Context, in *provider.In[*client, patchArgs]) (subject, patching, error) {
	a := in.Args
	body, err := patchBody(a.Patch)
	if err != nil {
		return subject{}, patching{}, wrong("patch "+a.Resource, fmt.Errorf("patch: %w", err))
	}
	_, list := body.([]any)
	if _, object := body.(rawObject); list != (a.Type == "json") || !list && !object {
		return subject{}, patching{}, wrong("patch "+a.Resource,
			errors.New("patch: expected a list of operations for type json, an object for the other types"))
	}
	s, err := in.Client.subjectOf(ctx, a.Resource, a.Namespace)
	return s, patching{typ: patchTypes[a.Type], body: body, hush: in.Sensitive || s.r.kind == "Secret"}, err
}

func (s subject) rehearsePatch(ctx context.Context, p patching) (before, after rawObject, err error) {
	if before, err = s.read(ctx); err != nil {
		return nil, nil, err
	}
	if err := p.refuseTests("patch "+s.String(), before); err != nil {
		return nil, nil, err
	}
	p.dry = true
	if after, err = s.patch(ctx, p); err != nil {
		return nil, nil, s.c.explain(ctx, "rehearse: patch "+s.String(), err)
	}
	return before, after, nil
}

func previewPatch(ctx context.Context, in *provider.In[*client, patchArgs]) ([]provider.Change, error) {
	s, p, err := planPatch(ctx, in)
	if err != nil {
		return nil, err
	}
	before, after, err := s.rehearsePatch(ctx, p)
	if err != nil {
		return nil, err
	}
	return shown(conceal(s.r, differences(before, after))), nil
}

// inquirePatch compares the object with what it was and with what the rehearsal gave. A patch of operations may not be
// fit to be rehearsed once it has taken place.
func inquirePatch(
	ctx context.Context, in *provider.In[*client, patchArgs], sent provider.Sent,
) (*provider.Finding[patchResult], error) {
	s, p, err := planPatch(ctx, in)
	if err != nil {
		return nil, err
	}
	object, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	now, err := fingerprint(object)
	if err != nil {
		return nil, err
	}
	var note patchNote
	if sent.Note == nil {
		return &provider.Finding[patchResult]{State: provider.NotDone, Why: "Nothing was noted, which comes before sending."}, nil
	}
	if err := kjson.Unmarshal(sent.Note, &note); err != nil {
		return nil, fmt.Errorf("read what was noted of %s: %w", s, err)
	}
	done := now == note.After
	if !done && now != note.Before && p.typ != types.JSONPatchType {
		_, after, err := s.rehearsePatch(ctx, p)
		done = err == nil && len(differences(object, after)) == 0
	}
	switch {
	case done:
		finding := &provider.Finding[patchResult]{State: provider.Done, Why: s.String() + " is as the patch makes it."}
		if s.r.kind != "Secret" || note.Undo != nil || len(note.Changes) == 0 {
			finding.Result = s.resultOfPatch(note.Changes, note.Undo)
		}
		return finding, nil
	case now == note.Before && !note.Version.holds(object):
		return &provider.Finding[patchResult]{Why: takenBack(s.String())}, nil
	case now == note.Before:
		return &provider.Finding[patchResult]{State: provider.NotDone, Why: s.String() + " is as it was before."}, nil
	}
	return &provider.Finding[patchResult]{Why: s.String() + " is neither as the patch makes it nor as it was before."}, nil
}
