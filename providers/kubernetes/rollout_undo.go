package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/e82355ed/runbook/engine/provider"
)

type rolloutUndoArgs struct {
	Resource   string        `rb:"resource,required" check:"kubernetes_rollout" doc:"Deployment, stateful set or daemon set as TYPE/NAME: deployment/api."`
	ToRevision int64         `rb:"to_revision" doc:"Revision to go back to; null: the one before."`
	Replaces   *revisionHeld `rb:"replaces" doc:"What has to be there for the write to be sent, such as self.after in an undo: anything else is somebody else's work by now, and is left as it is."`
	Namespace  string        `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
}

// revisionHeld is a revision as its author has it from before or after.
type revisionHeld struct {
	Revision *int64 `rb:"revision" doc:"Number of the revision."`
	Template string `rb:"template" doc:"Mark of its pod template, with which any number will do."`
}

// is reports whether that is rolled out, perhaps once more under another number.
func (h *revisionHeld) is(now revisionNumber) bool {
	return h.Template != "" && h.Template == now.Template ||
		h.Revision != nil && now.Revision != nil && *h.Revision == *now.Revision
}

func rolloutUndoAction() provider.Action {
	return change(provider.Definition[*client, rolloutUndoArgs, revisionChange]{
		Name: "kubernetes_rollout_undo", Doc: "Rolls a deployment, stateful set or daemon set back to an earlier revision.",
		Instead: "kubernetes_rollout_history shows the revisions",
		Effect:  provider.Write, NeedsTimeout: true,
		Run: runRolloutUndo, Inquire: inquireRolloutUndo, Noted: notedOfRollout, Preview: previewRolloutUndo,
		ChangedNothing: func(r *revisionChange) bool { return r.Before.Revision != nil && same(r.Before, r.After) },
		Summarize: func(r *revisionChange) string {
			if same(r.Before, r.After) {
				return fmt.Sprintf("revision %s already", r.After)
			}
			return fmt.Sprintf("revision %s, before %s", r.After, r.Before)
		},
	})
}

func runRolloutUndo(ctx context.Context, in *provider.In[*client, rolloutUndoArgs]) (*revisionChange, error) {
	s, err := rolloutSubject(in.Client, "roll back", in.Args.Resource, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	var result *revisionChange
	err = overConflicts(ctx, func() error {
		owner, before, err := s.readForRollout(ctx, "roll back", in.Warn)
		if err != nil {
			return err
		}
		if in.Key != "" && rollbackKey(owner) == in.Key {
			result, err = s.carried(ctx, in.Warn, owner, before, in.Earlier)
			in.Warn("%s carries this rollback already; it was not sent again", s)
			return err
		}
		to, err := s.target(ctx, owner, before, in.Args.ToRevision)
		if err != nil {
			return err
		}
		if before.Revision != nil && to.number == *before.Revision {
			result = &revisionChange{Before: before, After: before}
			return nil
		}
		if err := refuseRevision(in, s, before); err != nil {
			return err
		}
		text, err := templateText(owner)
		if err != nil {
			return err
		}
		if err := in.Note(rollbackNote{Before: noteOf(before), After: to.meant(), Template: text}); err != nil {
			return err
		}
		changed, err := s.patch(ctx, rollback(owner, to, in.Key))
		if err != nil {
			return s.c.explain(ctx, "roll back "+s.String(), err)
		}
		after, err := s.observedRevision(ctx, changed, in.Warn)
		result = &revisionChange{Before: before, After: after}
		return err
	})
	return result, err
}

// refuseRevision refuses to roll back what somebody else has rolled out since.
func refuseRevision(in *provider.In[*client, rolloutUndoArgs], s subject, now revisionNumber) error {
	said := in.Args.Replaces
	if said == nil || said.is(now) {
		return nil
	}
	what := fmt.Sprintf("it is revision %s, where replaces says %s", now, revisionNumber{Revision: said.Revision})
	return others("roll back "+s.String(), what, "leave replaces out")
}

func rollbackKey(owner rawObject) string { return digText(owner, "metadata", "annotations", writtenBy) }

// rollbackNote keeps a fingerprint of the template that was there before: it may hold more than should be kept.
type rollbackNote struct {
	Before   revisionNote  `json:"before"`
	After    *revisionNote `json:"after,omitempty"`
	Template string        `json:"template"`
}

func templateText(owner rawObject) (string, error) {
	template, _ := dig(owner, "spec", "template").(rawObject)
	return fingerprint(template)
}

// target finds the revision to go back to; 0 is the newest but the current one.
func (s subject) target(ctx context.Context, owner rawObject, current revisionNumber, wanted int64) (keptRevision, error) {
	kept, err := s.revisionsOf(ctx, owner)
	if err != nil {
		return keptRevision{}, err
	}
	var numbers []string
	for _, k := range slices.Backward(kept) {
		if k.number == wanted || wanted == 0 && (current.Revision == nil || k.number != *current.Revision) {
			return k, nil
		}
		numbers = append(numbers, fmt.Sprint(k.number))
	}
	op := "roll back " + s.String()
	if wanted == 0 {
		return keptRevision{}, wrong(op, errors.New("the cluster has no earlier revision of it"))
	}
	return keptRevision{}, wrong(op, fmt.Errorf("the cluster has no revision %d of it; there are: %s", wanted, strings.Join(numbers, ", ")))
}

// rollback replaces the whole pod template. A deployment takes that of a replica set, as kubectl does; the others take
// their controller revision, which is a patch of this kind.
func rollback(owner rawObject, to keptRevision, key string) patching {
	if to.template == nil {
		patch := runtime.DeepCopyJSON(to.patch)
		if key != "" {
			patch["metadata"] = wrapped(key, "annotations", writtenBy)
		}
		return patching{typ: types.StrategicMergePatchType, body: pinned(patch, owner)}
	}
	operations := []any{
		rawObject{"op": "replace", "path": "/metadata/resourceVersion", "value": versionOf(owner)},
		rawObject{"op": "replace", "path": "/spec/template", "value": to.template},
	}
	if key != "" {
		annotations, _ := dig(owner, "metadata", "annotations").(rawObject)
		annotations = runtime.DeepCopyJSON(annotations)
		if annotations == nil {
			annotations = rawObject{}
		}
		annotations[writtenBy] = key
		operations = append(operations, rawObject{"op": "add", "path": "/metadata/annotations", "value": annotations})
	}
	return patching{typ: types.JSONPatchType, body: operations}
}

func previewRolloutUndo(ctx context.Context, in *provider.In[*client, rolloutUndoArgs]) ([]provider.Change, error) {
	s, err := rolloutSubject(in.Client, "roll back", in.Args.Resource, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	owner, before, err := s.readForRollout(ctx, "roll back", in.Warn)
	if err != nil {
		return nil, err
	}
	to, err := s.target(ctx, owner, before, in.Args.ToRevision)
	if err != nil {
		return nil, err
	}
	if err := refuseRevision(in, s, before); err != nil {
		return nil, err
	}
	patch := rollback(owner, to, in.Key)
	patch.dry = true
	changed, err := s.patch(ctx, patch)
	if err != nil {
		return nil, s.c.explain(ctx, "rehearse: roll back "+s.String(), err)
	}
	return shown(differences(owner, changed)), nil
}

// inquireRolloutUndo looks for the key in the object's annotations: which revision is "the one before" is another now.
func inquireRolloutUndo(
	ctx context.Context, in *provider.In[*client, rolloutUndoArgs], sent provider.Sent,
) (*provider.Finding[revisionChange], error) {
	s, err := rolloutSubject(in.Client, "roll back", in.Args.Resource, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	owner, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	if sent.Key != "" && rollbackKey(owner) == sent.Key {
		result, err := s.foundRevision(ctx, in.Warn, owner, sent)
		return &provider.Finding[revisionChange]{
			State: provider.Done, Result: result, Why: s.String() + " carries the key of this rollback.",
		}, err
	}
	var note rollbackNote
	if sent.Note != nil {
		if err := json.Unmarshal(sent.Note, &note); err != nil {
			return nil, fmt.Errorf("read what was noted of %s: %w", s, err)
		}
	}
	text, err := templateText(owner)
	if err != nil {
		return nil, err
	}
	if note.Template != "" && note.Template != text {
		return &provider.Finding[revisionChange]{Why: fmt.Sprintf("The pod template of %s is another, but not by this rollback.", s)}, nil
	}
	return s.notCarried(ctx, in.Warn, owner, sent, fmt.Sprintf("%s does not carry the key of this rollback.", s))
}
