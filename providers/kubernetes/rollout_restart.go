package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/e82355ed/runbook/engine/provider"
)

type rolloutRestartArgs struct {
	Resource  string `rb:"resource,required" check:"kubernetes_rollout" doc:"Deployment, stateful set or daemon set as TYPE/NAME: deployment/api."`
	Namespace string `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
}

type revisionChange struct {
	Before revisionNumber `rb:"before" doc:"What was rolled out before."`
	After  revisionNumber `rb:"after" doc:"What is rolled out now."`
}

type revisionNumber struct {
	Revision *int64 `rb:"revision" doc:"Number of the revision; null: the controller has not given it one."`
	Template string `rb:"template" doc:"Mark of the pod template, the same for the same: to go back to one gives it another number."`
}

const (
	// restartedAt is the annotation of the pod template by which kubectl restarts.
	restartedAt = "kubectl.kubernetes.io/restartedAt"
	// writtenBy is the annotation that holds the key of the write that made a pod template, a rollback or a job.
	writtenBy = "runbook/key"
)

func rolloutRestartAction() provider.Action {
	return change(provider.Definition[*client, rolloutRestartArgs, revisionChange]{
		Name: "kubernetes_rollout_restart", Doc: "Replaces all pods of a deployment, stateful set or daemon set one after the other.",
		Instead: "kubernetes_rollout_status tells how far a rollout is",
		Effect:  provider.Write, NeedsTimeout: true,
		Run: runRolloutRestart, Inquire: inquireRolloutRestart, Noted: notedOfRollout, Preview: previewRolloutRestart,
		Summarize: func(r *revisionChange) string {
			return fmt.Sprintf("revision %s, before %s", r.After, r.Before)
		},
	})
}

func rolloutSubject(c *client, op, text, namespace string) (subject, error) {
	r, name, err := parseResource(text, rolloutTypes)
	if err != nil {
		return subject{}, wrong(op+" "+text, err)
	}
	return c.subject(op+" "+text, r, namespace, name)
}

// runRolloutRestart ends once the controller has seen the change; to wait for the new pods is kubernetes_rollout_status'
// part. A restart of the same key that has taken place is not sent again.
func runRolloutRestart(ctx context.Context, in *provider.In[*client, rolloutRestartArgs]) (*revisionChange, error) {
	s, err := rolloutSubject(in.Client, "restart", in.Args.Resource, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	at := time.Now()
	var result *revisionChange
	err = overConflicts(ctx, func() error {
		owner, before, err := s.readForRollout(ctx, "restart", in.Warn)
		if err != nil {
			return err
		}
		if in.Key != "" && templateKey(owner) == in.Key {
			result, err = s.carried(ctx, in.Warn, owner, before, in.Earlier)
			in.Warn("%s carries this restart already; it was not sent again", s)
			return err
		}
		patch := restartPatch(owner, in.Key, at)
		body, _ := patch.body.(rawObject)
		if err := in.Note(noted[revisionNote]{Before: noteOf(before), After: meantTemplate(merged(owner, body))}); err != nil {
			return err
		}
		changed, err := s.patch(ctx, patch)
		if err != nil {
			return s.c.explain(ctx, "restart "+s.String(), err)
		}
		after, err := s.observedRevision(ctx, changed, in.Warn)
		result = &revisionChange{Before: before, After: after}
		return err
	})
	return result, err
}

// readForRollout reads the object and its revision, and refuses what kubectl refuses: a deployment that is paused would
// take the change and do nothing. A change that was made right before has its number by then, so that to go back to the
// revision before this change takes back no other.
func (s subject) readForRollout(ctx context.Context, op string, warn func(string, ...any)) (rawObject, revisionNumber, error) {
	owner, err := s.read(ctx)
	if err != nil {
		return nil, revisionNumber{}, err
	}
	if paused, _ := dig(owner, "spec", "paused").(bool); paused && s.r.kind == deployments.kind {
		return nil, revisionNumber{}, wrong(op+" "+s.String(), errors.New("its rollouts are paused; resume them first"))
	}
	if owner, err = s.observed(ctx, owner, warn); err != nil {
		return nil, revisionNumber{}, err
	}
	before, err := s.currentRevision(ctx, owner)
	return owner, before, err
}

func templateKey(owner rawObject) string {
	return digText(owner, "spec", "template", "metadata", "annotations", writtenBy)
}

func restartPatch(owner rawObject, key string, at time.Time) patching {
	annotations := rawObject{restartedAt: at.Format(time.RFC3339)}
	if key != "" {
		annotations[writtenBy] = key
	}
	return patching{
		typ:  types.MergePatchType,
		body: pinned(wrapped(annotations, "spec", "template", "metadata", "annotations"), owner),
	}
}

func previewRolloutRestart(ctx context.Context, in *provider.In[*client, rolloutRestartArgs]) ([]provider.Change, error) {
	s, err := rolloutSubject(in.Client, "restart", in.Args.Resource, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	owner, _, err := s.readForRollout(ctx, "restart", in.Warn)
	if err != nil {
		return nil, err
	}
	patch := restartPatch(owner, in.Key, time.Now())
	patch.dry = true
	changed, err := s.patch(ctx, patch)
	if err != nil {
		return nil, s.c.explain(ctx, "rehearse: restart "+s.String(), err)
	}
	return shown(differences(owner, changed)), nil
}

// inquireRolloutRestart looks for the key in the pod template.
func inquireRolloutRestart(
	ctx context.Context, in *provider.In[*client, rolloutRestartArgs], sent provider.Sent,
) (*provider.Finding[revisionChange], error) {
	s, err := rolloutSubject(in.Client, "restart", in.Args.Resource, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	owner, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	if sent.Key == "" || templateKey(owner) != sent.Key {
		return s.notCarried(ctx, in.Warn, owner, sent, fmt.Sprintf("The pod template of %s does not carry this restart.", s))
	}
	result, err := s.foundRevision(ctx, in.Warn, owner, sent)
	if err != nil {
		return nil, err
	}
	at := digText(owner, "spec", "template", "metadata", "annotations", restartedAt)
	return &provider.Finding[revisionChange]{
		State: provider.Done, Result: result, Why: fmt.Sprintf("The pod template of %s carries this restart, of %s.", s, at),
	}, nil
}

// revisionNote is a revision as it is noted; 0: the controller had given none.
type revisionNote struct {
	Revision int64  `json:"revision"`
	Template string `json:"template,omitempty"`
}

func noteOf(n revisionNumber) revisionNote {
	note := revisionNote{Template: n.Template}
	if n.Revision != nil {
		note.Revision = *n.Revision
	}
	return note
}

// carried makes the result of a change that the object has by now, of an attempt before.
func (s subject) carried(
	ctx context.Context, warn func(string, ...any), owner rawObject, now revisionNumber, earlier *provider.Sent,
) (*revisionChange, error) {
	if earlier == nil {
		return &revisionChange{Before: now, After: now}, nil
	}
	return s.foundRevision(ctx, warn, owner, *earlier)
}

// meantTemplate is the mark of what is to be rolled out. Its number the controller gives later.
func meantTemplate(owner rawObject) *revisionNote {
	return &revisionNote{Template: unnumbered(owner).Template}
}

// notedOfRollout is the revision before a restart or a rollback, and the mark of what it rolls out.
func notedOfRollout(text json.RawMessage) (*provider.Noted[revisionChange], error) {
	var note struct {
		Before revisionNote  `json:"before"`
		After  *revisionNote `json:"after"`
	}
	if err := json.Unmarshal(text, &note); err != nil || note.Before.Revision == 0 {
		return nil, err
	}
	result := &revisionChange{Before: revisionNumber{Revision: &note.Before.Revision, Template: note.Before.Template}}
	if note.After == nil {
		return &provider.Noted[revisionChange]{Result: result, Known: []string{"before"}}, nil
	}
	result.After.Template = note.After.Template
	return &provider.Noted[revisionChange]{Result: result, Known: []string{"before", "after"}, Meant: []string{"after"}}, nil
}

// foundRevision makes the result of a change that an inquiry found done.
func (s subject) foundRevision(
	ctx context.Context, warn func(string, ...any), owner rawObject, sent provider.Sent,
) (*revisionChange, error) {
	var note noted[revisionNote]
	if sent.Note != nil {
		if err := json.Unmarshal(sent.Note, &note); err != nil {
			return nil, fmt.Errorf("read what was noted of %s: %w", s, err)
		}
	}
	after, err := s.observedRevision(ctx, owner, warn)
	result := &revisionChange{Before: revisionNumber{Template: note.Before.Template}, After: after}
	if note.Before.Revision != 0 {
		result.Before.Revision = &note.Before.Revision
	}
	return result, err
}
