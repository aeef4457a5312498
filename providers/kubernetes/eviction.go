package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

// evictAgain is how long kubectl waits before it asks again for a pod that a disruption budget protects.
const evictAgain = 5 * time.Second

// podsToEvict chooses as kubectl drain does: mirror pods are the kubelet's, pods of daemon sets would come back at once,
// and what would be lost for good is refused unless the author says so. Pods that have ended are taken along.
func (c *client) podsToEvict(ctx context.Context, a *drainArgs, warn func(string, ...any)) ([]corev1.Pod, error) {
	found, _, err := list(ctx, c, query{resource: pods, fieldSelector: "spec.nodeName=" + a.Node}, podItems)
	if err != nil {
		return nil, err
	}
	sortByPlace(found, func(p *corev1.Pod) place { return place{p.Namespace, p.Name} })
	var chosen []corev1.Pod
	var ignored []string
	refused := map[string][]string{}
	for i := range found {
		p := &found[i]
		name := place{p.Namespace, p.Name}.String()
		owner := metav1.GetControllerOf(p)
		ended := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
		switch {
		case p.Annotations[corev1.MirrorPodAnnotationKey] != "":
		case owner != nil && owner.Kind == daemonSets.kind && !ended && a.IgnoreDaemonSets:
			ignored = append(ignored, name)
		case owner != nil && owner.Kind == daemonSets.kind && !ended:
			refused["of daemon sets (ignore_daemon_sets leaves them)"] = append(refused["of daemon sets (ignore_daemon_sets leaves them)"], name)
		case owner == nil && !ended && !a.Force:
			refused["that nothing makes anew (force evicts them)"] = append(refused["that nothing makes anew (force evicts them)"], name)
		case keepsData(p) && !ended && !a.DeleteEmptyDirData:
			refused["with data in an emptyDir (delete_empty_dir_data loses it)"] = append(refused["with data in an emptyDir (delete_empty_dir_data loses it)"], name)
		default:
			chosen = append(chosen, *p)
		}
	}
	if len(refused) > 0 {
		var reasons []string
		for _, reason := range namesIn(refused) {
			reasons = append(reasons, fmt.Sprintf("pods %s: %s", reason, strings.Join(refused[reason], ", ")))
		}
		return nil, &provider.Error{
			Op: "drain node " + a.Node, Endpoint: c.cluster.endpoint, NothingDone: true, Permanent: true,
			Err: errors.New("it has " + strings.Join(reasons, "; ")),
		}
	}
	if len(ignored) > 0 {
		warn("left on the node, for daemon sets own them: %s", strings.Join(ignored, ", "))
	}
	return chosen, nil
}

func keepsData(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil })
}

// evictions are the pods that are to go, by namespace/name.
type evictions map[string]*evicting

func (c *client) evictions(chosen []corev1.Pod) evictions {
	all := evictions{}
	for i := range chosen {
		p := &chosen[i]
		all[place{p.Namespace, p.Name}.String()] = &evicting{
			subject: subject{c: c, r: pods, namespace: p.Namespace, name: p.Name}, uid: string(p.UID), accepted: p.DeletionTimestamp != nil,
		}
	}
	return all
}

// all asks for the pods until each is gone. One that a budget protects is asked for again until the context ends.
func (e evictions) all(ctx context.Context, grace *int) error {
	err := await(ctx, func() (bool, error) {
		for _, name := range e.names(func(p *evicting) bool { return !p.gone }) {
			if err := e[name].again(ctx, grace); err != nil {
				return false, err
			}
		}
		return len(e.names(func(p *evicting) bool { return !p.gone })) == 0, nil
	})
	if err != nil && ctx.Err() != nil {
		return e.left(ctx)
	}
	return err
}

// names are those of the pods that are so, sorted.
func (e evictions) names(so func(*evicting) bool) []string {
	return slices.DeleteFunc(namesIn(e), func(name string) bool { return !so(e[name]) })
}

// agreed are the pods that are gone, or whose eviction the server agreed to.
func (e evictions) agreed() []string {
	return e.names(func(p *evicting) bool { return p.gone || p.accepted })
}

// unsure reports whether nobody knows of one if the server agreed.
func (e evictions) unsure() bool {
	return len(e.names(func(p *evicting) bool { return p.lost })) > 0
}

// left says what the pods that are left wait for.
func (e evictions) left(ctx context.Context) error {
	var left []string
	var c *client
	for _, name := range e.names(func(p *evicting) bool { return !p.gone }) {
		c = e[name].c
		left = append(left, name+" ("+e[name].waitsFor()+")")
	}
	told := c.explain(ctx, "evict pods", ctx.Err())
	var of *provider.Error
	if errors.As(told, &of) {
		of.Err = plain{"still there: " + strings.Join(left, ", "), of.Err}
	}
	return told
}

// evicting is one pod on its way out.
type evicting struct {
	subject
	uid string
	// accepted is true once the server has agreed, lost where its answer to the last request is not known; refusal says why it has
	// not, next when to ask again.
	accepted, lost bool
	refusal        string
	next           time.Time
	gone           bool
}

func (e *evicting) waitsFor() string {
	switch {
	case e.accepted:
		return "ending"
	case e.lost:
		return "the answer to its eviction got lost"
	}
	return firstOf(e.refusal, "not asked for yet")
}

// again asks for the eviction, or looks whether the pod is gone.
func (e *evicting) again(ctx context.Context, grace *int) error {
	if !e.accepted {
		if time.Now().Before(e.next) {
			return nil
		}
		err := e.evict(ctx, grace)
		switch {
		case err == nil:
			e.accepted = true
		case notFound(err), apierrors.IsConflict(err): // gone, or another of the same name
		case apierrors.IsTooManyRequests(err):
			e.refusal, e.next = refusalOf(err), time.Now().Add(evictAgain)
			return nil
		default:
			e.lost = !refused(err)
			return e.c.explain(ctx, "evict "+e.String(), err)
		}
	}
	object, err := e.find(ctx)
	if err != nil && !notFound(err) {
		return e.c.explain(ctx, "wait for the end of "+e.String(), err)
	}
	e.gone = notFound(err) || digText(object, "metadata", "uid") != e.uid
	return nil
}

func refusalOf(err error) string {
	var status *apierrors.StatusError
	if errors.As(err, &status) {
		if d := status.ErrStatus.Details; d != nil && len(d.Causes) > 0 {
			return status.ErrStatus.Message + " " + d.Causes[0].Message
		}
	}
	return err.Error()
}

func (e *evicting) evict(ctx context.Context, grace *int) error {
	options := rawObject{"preconditions": rawObject{"uid": e.uid}}
	if grace != nil {
		options["gracePeriodSeconds"] = *grace
	}
	body, err := json.Marshal(rawObject{
		"apiVersion": "policy/v1", "kind": "Eviction",
		"metadata": rawObject{"name": e.name, "namespace": e.namespace}, "deleteOptions": options,
	})
	if err != nil {
		return err
	}
	return e.request("POST", false).Name(e.name).SubResource("eviction").
		SetHeader("Content-Type", "application/json").Body(body).Do(ctx).Error()
}
