package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

type drainArgs struct {
	Node               string `rb:"node,required,filled" check:"kubernetes_node" doc:"Name of the node."`
	GraceSeconds       *int   `rb:"grace_seconds" check:"not_negative" doc:"How long pods may take to end; null: as each of them says."`
	IgnoreDaemonSets   bool   `rb:"ignore_daemon_sets" doc:"Leave the pods of daemon sets where they are, instead of refusing."`
	DeleteEmptyDirData bool   `rb:"delete_empty_dir_data" doc:"Evict pods that keep data in an emptyDir, which is lost with them, instead of refusing."`
	Force              bool   `rb:"force" doc:"Evict pods that nothing makes anew, instead of refusing."`
}

type drainResult struct {
	Evicted []string       `rb:"evicted" doc:"Pods that it evicted, as namespace/name."`
	Before  schedulability `rb:"before" doc:"The node as it was."`
	After   schedulability `rb:"after" doc:"The node as it is."`
}

func drainAction() provider.Action {
	return change(provider.Definition[*client, drainArgs, drainResult]{
		Name: "kubernetes_drain", Doc: "Keeps new pods off a node and evicts those that run on it.",
		Instead: "kubernetes_pods with a field_selector on spec.nodeName shows the pods of a node",
		Effect:  provider.Destructive, NeedsTimeout: true,
		Run: runDrain, Preview: previewDrain, Inquire: inquireDrain,
		ChangedNothing: func(r *drainResult) bool { return r.Before == r.After && len(r.Evicted) == 0 },
		Summarize:      func(r *drainResult) string { return counted(len(r.Evicted), "pod") + " evicted" },
	})
}

// drainNote is what the node was and what ran on it.
type drainNote struct {
	Before  schedulabilityNote `json:"before"`
	Pods    []notedObject      `json:"pods"`
	Version objectVersion      `json:"version,omitzero"`
}

type schedulabilityNote struct {
	Schedulable bool `json:"schedulable"`
}

// runDrain refuses before it cordons: a node that can't be drained is left as it was.
func runDrain(ctx context.Context, in *provider.In[*client, drainArgs]) (*drainResult, error) {
	c, a := in.Client, in.Args
	cordon, err := c.setSchedulable(a.Node, false)
	if err != nil {
		return nil, err
	}
	node, err := cordon.of.read(ctx)
	if err != nil {
		return nil, err
	}
	chosen, err := c.podsToEvict(ctx, a, func(string, ...any) {})
	if err != nil {
		return nil, err
	}
	note := drainNote{Before: schedulabilityNote{takesPods(node)}, Pods: notedPods(chosen), Version: versionSeen(node, true)}
	earlier, err := earlierNote[drainNote]("drain "+a.Node, in.Earlier)
	if err != nil {
		return nil, err
	}
	var gone []string
	if earlier != nil {
		if gone, err = c.gone(ctx, pods, earlier.Pods); err != nil {
			return nil, err
		}
		note.Before, note.Version, note.Pods = earlier.Before, earlier.Version, joined(earlier.Pods, note.Pods)
	}
	if err := in.Note(note); err != nil {
		return nil, err
	}
	_, after, err := cordon.run(ctx, func(any) error { return nil }, nil)
	if err != nil {
		return nil, err
	}
	result := &drainResult{Evicted: gone, Before: schedulability{note.Before.Schedulable}, After: after}
	// Pods that came between the two are evicted as well.
	if chosen, err = c.podsToEvict(ctx, a, in.Warn); err != nil {
		return result.inPart(a.Node, err)
	}
	e := c.evictions(chosen)
	err = e.all(ctx, a.GraceSeconds)
	result.Evicted = append(gone, e.agreed()...)
	switch {
	case err == nil:
		return result, nil
	case e.unsure():
		return nil, err
	}
	return result.inPart(a.Node, err)
}

// inPart ends a drain that did not come to its end, where it is known what it did. Without a result it did nothing.
func (r *drainResult) inPart(node string, err error) (*drainResult, error) {
	var done []string
	if r.Before != r.After {
		done = append(done, "cordon of node "+node)
	}
	for _, name := range r.Evicted {
		done = append(done, "eviction of "+name)
	}
	if done == nil {
		return nil, err
	}
	return r, after(err, false, "Done", done)
}

func notedPods(chosen []corev1.Pod) []notedObject {
	out := make([]notedObject, len(chosen))
	for i := range chosen {
		out[i] = notedObject{chosen[i].Namespace, chosen[i].Name, string(chosen[i].UID)}
	}
	return out
}

// joined are the objects of two notes, each once.
func joined(first, second []notedObject) []notedObject {
	out := slices.Clone(first)
	for _, o := range second {
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

func previewDrain(ctx context.Context, in *provider.In[*client, drainArgs]) ([]provider.Change, error) {
	cordon, err := in.Client.setSchedulable(in.Args.Node, false)
	if err != nil {
		return nil, err
	}
	changes, err := cordon.preview(ctx)
	if err != nil {
		return nil, err
	}
	chosen, err := in.Client.podsToEvict(ctx, in.Args, func(string, ...any) {})
	if err != nil {
		return nil, err
	}
	for i := range chosen {
		changes = append(changes, provider.Change{
			Path: title(pods, chosen[i].Namespace, chosen[i].Name), Before: "on " + in.Args.Node, After: "evicted",
		})
	}
	return changes, nil
}

// inquireDrain finds it done where the node takes no pods and has none left to evict.
func inquireDrain(
	ctx context.Context, in *provider.In[*client, drainArgs], sent provider.Sent,
) (*provider.Finding[drainResult], error) {
	c, name := in.Client, in.Args.Node
	s := subject{c: c, r: nodes, name: name}
	node, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var note drainNote
	if sent.Note == nil {
		return &provider.Finding[drainResult]{State: provider.NotDone, Why: "Nothing was noted, which comes before sending."}, nil
	}
	if err := json.Unmarshal(sent.Note, &note); err != nil {
		return nil, fmt.Errorf("read what was noted of %s: %w", s, err)
	}
	left, err := c.podsToEvict(ctx, in.Args, func(string, ...any) {})
	if err != nil {
		return nil, err
	}
	gone, err := c.gone(ctx, pods, note.Pods)
	if err != nil {
		return nil, err
	}
	slices.Sort(gone)
	why := fmt.Sprintf("%s left on node %s, which takes new pods: %t; %d of those noted are gone.",
		counted(len(left), "pod"), name, takesPods(node), len(gone))
	switch {
	case !takesPods(node) && len(left) == 0:
		return &provider.Finding[drainResult]{State: provider.Done, Why: why, Result: &drainResult{
			Evicted: gone, Before: schedulability{note.Before.Schedulable}, After: schedulability{false},
		}}, nil
	case takesPods(node) == note.Before.Schedulable && len(gone) == 0 && takesPods(node) && !note.Version.holds(node):
		return &provider.Finding[drainResult]{Why: why + " It was changed in between: whether it was cordoned by this drain, and opened again, can't be told."}, nil
	case takesPods(node) == note.Before.Schedulable && len(gone) == 0:
		return &provider.Finding[drainResult]{State: provider.NotDone, Why: why}, nil
	}
	return &provider.Finding[drainResult]{Why: why}, nil
}
