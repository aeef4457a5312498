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

// evictAll asks for the pods until each is gone. One that a budget protects is asked for again until the context ends.
func (c *client) evictAll(ctx context.Context, chosen []corev1.Pod, grace *int) ([]string, error) {
	waiting := map[string]*evicting{}
	for i := range chosen {
		p := &chosen[i]
		waiting[place{p.Namespace, p.Name}.String()] = &evicting{
			subject: subject{c: c, r: pods, namespace: p.Namespace, name: p.Name}, uid: string(p.UID), accepted: p.DeletionTimestamp != nil,
		}
	}
	var evicted []string
	err := await(ctx, func() (bool, error) {
		for _, name := range namesIn(waiting) {
			gone, err := waiting[name].again(ctx, grace)
			if err != nil {
				return false, err
			}
			if gone {
				evicted = append(evicted, name)
				delete(waiting, name)
			}
		}
		return len(waiting) == 0, nil
	})
	slices.Sort(evicted)
	if err != nil && ctx.Err() != nil {
		return nil, c.notEvicted(ctx, waiting)
	}
	return evicted, err
}

// notEvicted says what the pods that are left wait for.
func (c *client) notEvicted(ctx context.Context, waiting map[string]*evicting) error {
	var left []string
	for _, name := range namesIn(waiting) {
		left = append(left, name+" ("+firstOf(waiting[name].refusal, "ending")+")")
	}
	told := c.explain(ctx, "evict pods", ctx.Err())
	var e *provider.Error
	if len(left) > 0 && errors.As(told, &e) {
		e.Err = plain{"still there: " + strings.Join(left, ", "), e.Err}
	}
	return told
}

// evicting is one pod on its way out.
type evicting struct {
	subject
	uid string
	// accepted is true once the server has agreed; refusal says why it has not, next when to ask again.
	accepted bool
	refusal  string
	next     time.Time
}

// again asks for the eviction, or looks whether the pod is gone.
func (e *evicting) again(ctx context.Context, grace *int) (gone bool, err error) {
	if !e.accepted {
		if time.Now().Before(e.next) {
			return false, nil
		}
		err := e.evict(ctx, grace)
		switch {
		case err == nil:
			e.accepted = true
		case notFound(err), apierrors.IsConflict(err): // gone, or another of the same name
		case apierrors.IsTooManyRequests(err):
			e.refusal, e.next = refusalOf(err), time.Now().Add(evictAgain)
			return false, nil
		default:
			return false, e.c.explain(ctx, "evict "+e.String(), err)
		}
	}
	object, err := e.find(ctx)
	if err != nil && !notFound(err) {
		return false, e.c.explain(ctx, "wait for the end of "+e.String(), err)
	}
	return notFound(err) || digText(object, "metadata", "uid") != e.uid, nil
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
