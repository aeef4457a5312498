package kubernetes

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// nodeLost is the reason of a pod whose node no longer answers, set by the node lifecycle controller.
const nodeLost = "NodeLost"

// podStatus gives what kubectl shows in its columns STATUS and RESTARTS (k8s.io/kubernetes, printers for pods): the
// most telling reason among the pod's and its containers'.
func podStatus(p *corev1.Pod) (reason string, restarts int) {
	reason = firstOf(p.Status.Reason, string(p.Status.Phase))
	if scheduled := podCondition(p, corev1.PodScheduled); scheduled != nil && scheduled.Reason == corev1.PodReasonSchedulingGated {
		reason = corev1.PodReasonSchedulingGated
	}
	initReason, initRestarts, sidecarRestarts := initStatus(p)
	if initReason != "" {
		reason, restarts = initReason, initRestarts
	}
	initialized := podCondition(p, corev1.PodInitialized)
	if initReason == "" || initialized != nil && initialized.Status == corev1.ConditionTrue {
		reason, restarts = mainStatus(p, reason)
		restarts += sidecarRestarts
	}
	if p.DeletionTimestamp != nil {
		switch {
		case p.Status.Reason == nodeLost:
			reason = "Unknown"
		case p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed:
			reason = "Terminating"
		}
	}
	return reason, restarts
}

// initStatus looks for the init container that the pod waits for. The reason is empty when it waits for none.
func initStatus(p *corev1.Pod) (reason string, restarts, sidecarRestarts int) {
	specs := make(map[string]*corev1.Container, len(p.Spec.InitContainers))
	for i := range p.Spec.InitContainers {
		specs[p.Spec.InitContainers[i].Name] = &p.Spec.InitContainers[i]
	}
	for i := range p.Status.InitContainerStatuses {
		s := &p.Status.InitContainerStatuses[i]
		spec := specs[s.Name]
		restarts += int(s.RestartCount)
		stays := spec != nil && sidecar(spec)
		if stays {
			sidecarRestarts += int(s.RestartCount)
		}
		ended := s.State.Terminated
		switch {
		case ended != nil && ended.ExitCode == 0, stays && s.Started != nil && *s.Started:
			continue
		case ended != nil:
			return "Init:" + endReason(ended), restarts, sidecarRestarts
		case s.State.Waiting != nil && s.State.Waiting.Reason != "" && s.State.Waiting.Reason != "PodInitializing":
			return "Init:" + s.State.Waiting.Reason, restarts, sidecarRestarts
		}
		return fmt.Sprintf("Init:%d/%d", i, len(p.Spec.InitContainers)), restarts, sidecarRestarts
	}
	return "", restarts, sidecarRestarts
}

// mainStatus lets the first container with something to say decide; one that failed counts before one that completed.
func mainStatus(p *corev1.Pod, fallback string) (reason string, restarts int) {
	reason = fallback
	running, failed := false, ""
	for i := len(p.Status.ContainerStatuses) - 1; i >= 0; i-- {
		s := &p.Status.ContainerStatuses[i]
		restarts += int(s.RestartCount)
		switch {
		case s.State.Waiting != nil && s.State.Waiting.Reason != "":
			reason = s.State.Waiting.Reason
		case s.State.Terminated != nil:
			reason = endReason(s.State.Terminated)
			if s.State.Terminated.ExitCode != 0 {
				failed = reason
			}
		case s.Ready && s.State.Running != nil:
			running = true
		}
	}
	if reason != "Completed" {
		return reason, restarts
	}
	switch {
	case running && podReady(p):
		reason = string(corev1.PodRunning)
	case failed != "":
		reason = failed
	case running:
		reason = "NotReady"
	}
	return reason, restarts
}

// endReason is why a container ended: the kubelet's word, else the signal or the exit code.
func endReason(t *corev1.ContainerStateTerminated) string {
	switch {
	case t.Reason != "":
		return t.Reason
	case t.Signal != 0:
		return fmt.Sprintf("Signal:%d", t.Signal)
	}
	return fmt.Sprintf("ExitCode:%d", t.ExitCode)
}

func podReady(p *corev1.Pod) bool {
	c := podCondition(p, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

func podCondition(p *corev1.Pod, t corev1.PodConditionType) *corev1.PodCondition {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == t {
			return &p.Status.Conditions[i]
		}
	}
	return nil
}
