package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/e82355ed/runbook/engine/provider"
)

// keptRevision is one revision of a rollout with what it takes to go back to it.
type keptRevision struct {
	number int64
	// template is the pod template of a replica set, patch the strategic merge patch of a controller revision. One is nil.
	template, patch rawObject
}

// meant is the mark of the template that going back to it rolls out.
func (k keptRevision) meant() *revisionNote {
	template := k.template
	if template == nil {
		patched, _ := dig(k.patch, "spec", "template").(rawObject)
		template = maps.Clone(patched)
		delete(template, "$patch") // it says that the template is the whole
	}
	return meantTemplate(wrapped(template, "spec", "template"))
}

// revisionsOf reads what the cluster has kept of a deployment's, stateful set's or daemon set's past, oldest first.
func (s subject) revisionsOf(ctx context.Context, owner rawObject) ([]keptRevision, error) {
	selector, err := selectorOf(owner)
	if err != nil {
		return nil, wrong("read the revisions of "+s.String(), err)
	}
	kept := controllerRevisions
	if s.r.kind == deployments.kind {
		kept = replicaSets
	}
	items, _, err := s.c.rawObjects(ctx, query{resource: kept, namespace: s.namespace, labelSelector: selector}, "")
	if err != nil {
		return nil, err
	}
	var found []keptRevision
	for _, item := range items {
		if !ownedBy(item, digText(owner, "metadata", "uid")) {
			continue
		}
		if s.r.kind != deployments.kind {
			patch, _ := dig(item, "data").(rawObject)
			found = append(found, keptRevision{number: digNumber(item, "revision"), patch: patch})
			continue
		}
		number, err := strconv.ParseInt(digText(item, "metadata", "annotations", deploymentRevision), 10, 64)
		if err != nil {
			continue // so new that the controller has not numbered it
		}
		template, _ := dig(item, "spec", "template").(rawObject)
		if labels, ok := dig(template, "metadata", "labels").(rawObject); ok {
			delete(labels, "pod-template-hash")
		}
		found = append(found, keptRevision{number: number, template: template})
	}
	slices.SortFunc(found, func(a, b keptRevision) int { return int(a.number - b.number) })
	return found, nil
}

func selectorOf(owner rawObject) (string, error) {
	text, err := json.Marshal(dig(owner, "spec", "selector"))
	if err != nil {
		return "", err
	}
	var selector metav1.LabelSelector
	if err := json.Unmarshal(text, &selector); err != nil {
		return "", fmt.Errorf("its selector: %w", err)
	}
	return metav1.FormatLabelSelector(&selector), nil
}

func ownedBy(object rawObject, uid string) bool {
	for _, owner := range listAt(object, "metadata", "ownerReferences") {
		if controller, _ := dig(owner, "controller").(bool); controller && digText(owner, "uid") == uid {
			return true
		}
	}
	return false
}

// currentRevision is the newest; nil where the controller has made none yet.
func (s subject) currentRevision(ctx context.Context, owner rawObject) (revisionNumber, error) {
	now := unnumbered(owner)
	if s.r.kind == deployments.kind {
		number, err := strconv.ParseInt(digText(owner, "metadata", "annotations", deploymentRevision), 10, 64)
		if err == nil { // else it is not numbered yet
			now.Revision = &number
		}
		return now, nil
	}
	kept, err := s.revisionsOf(ctx, owner)
	if err != nil {
		return revisionNumber{}, err
	}
	if len(kept) > 0 {
		now.Revision = &kept[len(kept)-1].number
	}
	return now, nil
}

// unnumbered is what is rolled out by its mark alone. That is short, as the one is that the cluster shows of a template: it tells
// nothing of what is in it.
func unnumbered(owner rawObject) revisionNumber {
	text, err := templateText(owner)
	if err != nil { // it came from JSON
		return revisionNumber{}
	}
	return revisionNumber{Template: text[:min(8, len(text))]}
}

// observeWithin is how long a controller may take to number a revision. The change stands either way.
const observeWithin = 10 * time.Second

// observedRevision waits until the controller has seen the change, so that the number is that of the new revision; null
// where it does not see it in time.
func (s subject) observedRevision(ctx context.Context, changed rawObject, warn func(string, ...any)) (revisionNumber, error) {
	latest, err := s.observed(ctx, changed, warn)
	if err != nil {
		return revisionNumber{}, err
	}
	if !isObserved(latest, changed) {
		return unnumbered(changed), nil
	}
	return s.currentRevision(ctx, latest)
}

// observed waits until the controller has seen the object, and gives the object as it is by then. Where it does not see it in
// time, that is warned of.
func (s subject) observed(ctx context.Context, object rawObject, warn func(string, ...any)) (rawObject, error) {
	if isObserved(object, object) {
		return object, nil
	}
	soon, cancel := context.WithTimeout(ctx, observeWithin)
	defer cancel()
	latest := object
	err := await(soon, func() (bool, error) {
		now, err := s.read(soon)
		if err != nil {
			return false, err
		}
		latest = now
		return isObserved(now, object), nil
	})
	switch {
	case ctx.Err() != nil:
		return nil, s.c.explain(ctx, "wait for the new revision of "+s.String(), ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		warn("the controller of %s has not numbered the newest revision within %s; is it running?", s, observeWithin)
	case err != nil:
		return nil, err
	}
	return latest, nil
}

// isObserved says whether the controller had seen an object's state when now was read.
func isObserved(now, object rawObject) bool {
	return digNumber(now, "status", "observedGeneration") >= digNumber(object, "metadata", "generation")
}

// notCarried judges a change of the pod template of which the object bears no mark: not done where nothing was rolled out since
// it was noted. Each rollout has a number of its own, also one that goes back.
func (s subject) notCarried(
	ctx context.Context, warn func(string, ...any), owner rawObject, sent provider.Sent, why string,
) (*provider.Finding[revisionChange], error) {
	note, err := earlierNote[noted[revisionNote]]("find out what became of "+s.String(), &sent)
	if err != nil {
		return nil, err
	}
	not := &provider.Finding[revisionChange]{State: provider.NotDone, Why: why}
	if note == nil || note.Before.Revision == 0 {
		return not, nil
	}
	now, err := s.observedRevision(ctx, owner, warn)
	if err != nil {
		return nil, err
	}
	if now.Revision != nil && *now.Revision == note.Before.Revision {
		return not, nil
	}
	why = fmt.Sprintf("%s But it was revision %d before, and is revision %s: whether it took place and was taken back can't be told.", why, note.Before.Revision, now)
	return &provider.Finding[revisionChange]{Why: why}, nil
}

func (n revisionNumber) String() string {
	if n.Revision == nil {
		return "of no number yet"
	}
	return strconv.FormatInt(*n.Revision, 10)
}
