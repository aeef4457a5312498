package kubernetes

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

// jobEnd is the condition that ended a job: Complete, Failed; empty: it goes on.
func jobEnd(job rawObject) string {
	for _, condition := range listAt(job, "status", "conditions") {
		if typ := digText(condition, "type"); (typ == "Complete" || typ == "Failed") && digText(condition, "status") == "True" {
			return typ
		}
	}
	return ""
}

// resultOfJob reads exit code and output of the job's pod. A job that failed without its program having ended, because
// time was up or no pod could be made, is an error.
func (s subject) resultOfJob(ctx context.Context, job rawObject, limit int) (*runJobResult, error) {
	pod, ended, err := s.jobPod(ctx)
	if err != nil {
		return nil, err
	}
	if ended == nil {
		return nil, &provider.Error{
			Op: "run " + s.String(), Endpoint: s.c.cluster.endpoint, Permanent: true,
			Err: fmt.Errorf("its program did not run to an end: %s", failureOf(job)),
		}
	}
	output := &tail{host: s.c.host, limit: max(limit, 1)}
	stream, err := s.c.object(pods, pod.Namespace, pod.Name).SubResource("log").Stream(ctx)
	if err == nil {
		err = output.read(bufio.NewReaderSize(stream, 64<<10))
		if closeErr := stream.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		return nil, s.c.explain(ctx, "read the output of "+s.String(), err)
	}
	text := strings.Join(output.lines, "\n")
	if len(output.lines) > 0 {
		text += "\n"
	}
	return &runJobResult{
		ExitCode: int(ended.ExitCode), Stdout: text, Job: s.name, Namespace: s.namespace, Truncated: output.dropped,
	}, nil
}

// jobPod is the newest pod of the job and how its container ended; nil: it has not.
func (s subject) jobPod(ctx context.Context) (*corev1.Pod, *corev1.ContainerStateTerminated, error) {
	found, _, err := list(ctx, s.c, query{
		resource: pods, namespace: s.namespace, labelSelector: "batch.kubernetes.io/job-name=" + s.name,
	}, podItems)
	if err != nil || len(found) == 0 {
		return nil, nil, err
	}
	newest := slices.MaxFunc(found, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	if status := statusOf(newest.Status.ContainerStatuses, "job"); status != nil {
		return &newest, status.State.Terminated, nil
	}
	return &newest, nil, nil
}

func failureOf(job rawObject) string {
	for _, condition := range listAt(job, "status", "conditions") {
		if digText(condition, "type") == "Failed" {
			return firstOf(digText(condition, "message"), digText(condition, "reason"), "it failed")
		}
	}
	return "it left no pod"
}

// waitsFor says in an error what a job that has not ended waits for; empty: it just runs.
func (s subject) waitsFor(ctx context.Context) string {
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	pod, _, err := s.jobPod(soon)
	if err != nil || pod == nil {
		return ""
	}
	reason, _ := podStatus(pod)
	return " (its pod is " + reason + ")"
}
