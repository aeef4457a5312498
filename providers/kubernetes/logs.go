package kubernetes

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

type logsArgs struct {
	Namespace     string        `rb:"namespace" check:"kubernetes_namespace" doc:"Namespace of the pods; \"*\" means all; null: the configuration's."`
	LabelSelector string        `rb:"label_selector" check:"label_selector" doc:"The pods with these labels."`
	Pod           string        `rb:"pod" check:"kubernetes_pod" doc:"The pod of this name."`
	Resource      string        `rb:"resource" check:"kubernetes_log_source" doc:"The pods of this object, as TYPE/NAME: deployment/api."`
	Container     string        `rb:"container" check:"kubernetes_container" doc:"The container of this name; \"*\" means all; null: the pod's default one, else its first."`
	TailLines     int64         `rb:"tail_lines" default:"100" check:"not_negative" doc:"At most this many lines of each container, the newest."`
	Since         time.Duration `rb:"since" check:"not_negative" doc:"Only lines written within this time; null: since the container started."`
	Previous      bool          `rb:"previous" doc:"The logs of the container before its last restart."`
	Match         string        `rb:"match" check:"regex" doc:"Only lines that match this regular expression (RE2)."`
	MaxPods       int           `rb:"max_pods" default:"50" doc:"At most this many pods are read, the first by name."`
	MaxBytes      int           `rb:"max_bytes" default:"1048576" doc:"At most this much of each container, the newest."`
}

type logsResult struct {
	Lines      []logLine `rb:"lines" doc:"The lines that match, by pod and container, oldest first."`
	LineCount  int       `rb:"line_count" doc:"How many lines were read."`
	MatchCount int       `rb:"match_count" doc:"How many of them match; without match, all."`
	Truncated  bool      `rb:"truncated" doc:"Whether there are more pods than max_pods, or more than max_bytes of a container."`
}

type logLine struct {
	Namespace string `rb:"namespace" doc:"Namespace of the pod."`
	Pod       string `rb:"pod" doc:"The pod that wrote it."`
	Container string `rb:"container" doc:"The container that wrote it."`
	Text      string `rb:"text" doc:"The line."`
}

// parallelLogs is how many containers are read at once: the kubelets behind the API server are the slow part.
const parallelLogs = 16

func logsAction() provider.Action {
	return read(provider.Definition[*client, logsArgs, logsResult]{
		Name: "kubernetes_logs", Doc: "Reads the logs of pods.",
		ExactlyOne: [][]string{{"label_selector", "pod", "resource"}},
		Run:        runLogs,
		Summarize: func(r *logsResult) string {
			if r.MatchCount == r.LineCount {
				return counted(r.LineCount, "line")
			}
			return fmt.Sprintf("%d of %s match", r.MatchCount, counted(r.LineCount, "line"))
		},
	})
}

func runLogs(ctx context.Context, in *provider.In[*client, logsArgs]) (*logsResult, error) {
	c, a := in.Client, in.Args
	match, err := regexp.Compile(a.Match)
	if err != nil {
		return nil, wrong("read logs", fmt.Errorf("match: %w", err))
	}
	if err := checkSince(a.Since); err != nil {
		return nil, wrong("read logs", err)
	}
	found, more, err := c.podsToRead(ctx, a)
	if err != nil {
		return nil, err
	}
	if more {
		in.Warn("there are more than %d pods; raise max_pods to read the logs of all", a.MaxPods)
	}
	sources, err := logSourcesOf(found, a.Container)
	if err != nil {
		return nil, wrong("read logs", err)
	}
	texts, err := c.readLogs(ctx, in, sources)
	if err != nil {
		return nil, err
	}
	result := &logsResult{Truncated: more}
	for i, source := range sources {
		result.Truncated = result.Truncated || texts[i].dropped
		result.LineCount += len(texts[i].lines)
		for _, text := range texts[i].lines {
			if match.MatchString(text) {
				result.Lines = append(result.Lines, logLine{
					Namespace: source.pod.namespace, Pod: source.pod.name, Container: source.container, Text: text,
				})
			}
		}
	}
	result.MatchCount = len(result.Lines)
	return result, nil
}

// readLogs reads all sources, a few at once. One that has nothing to read, such as a container that is still being
// created, is a warning while there are others.
func (c *client) readLogs(ctx context.Context, in *provider.In[*client, logsArgs], sources []logSource) ([]tail, error) {
	texts := make([]tail, len(sources))
	errs := make([]error, len(sources))
	var group errgroup.Group
	group.SetLimit(parallelLogs)
	for i, source := range sources {
		group.Go(func() error {
			texts[i].host, texts[i].limit = in.Host, max(in.Args.MaxBytes, 1)
			if err := c.readLog(ctx, in.Args, source, &texts[i]); err != nil {
				errs[i] = c.explain(ctx, "read the logs of "+source.String(), err)
			}
			return nil // the others go on
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	failed := 0
	var first error
	for _, err := range errs {
		if err != nil {
			failed++
			if first == nil {
				first = err
			}
		}
	}
	if failed > 0 && (failed == len(sources) || ctx.Err() != nil) {
		return nil, first
	}
	for _, err := range errs {
		if err != nil {
			in.Warn("%v", err)
		}
	}
	return texts, nil
}

// podsToRead finds the pods by name. More is true where there are others beyond max_pods.
func (c *client) podsToRead(ctx context.Context, a *logsArgs) (found []corev1.Pod, more bool, err error) {
	q := query{resource: pods, namespace: c.scope(a.Namespace), labelSelector: a.LabelSelector, limit: max(a.MaxPods, 1)}
	name := a.Pod
	if a.Resource != "" {
		if q.labelSelector, name, err = c.podsOf(ctx, a.Resource, q.namespace); err != nil {
			return nil, false, err
		}
	}
	if name != "" {
		if q.namespace == everywhere {
			return nil, false, wrong("read logs of pod "+name, fmt.Errorf(`it needs one namespace, not "*"`))
		}
		pod, err := get[corev1.Pod](ctx, c, pods, q.namespace, name)
		if err != nil {
			return nil, false, err
		}
		return []corev1.Pod{*pod}, false, nil
	}
	found, more, err = list(ctx, c, q, podItems)
	if err == nil && len(found) == 0 {
		err = c.namespaceExists(ctx, q)
	}
	sortByPlace(found, func(p *corev1.Pod) place { return place{p.Namespace, p.Name} })
	return found, more, err
}
