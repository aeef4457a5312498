package kubernetes

import (
	corev1 "k8s.io/api/core/v1"
)

// describeContainers joins what was asked for with what the kubelet reports. Init containers that run once are left
// out; those that go on running beside the pod's containers are not.
func describeContainers(p *corev1.Pod) []containerResult {
	out := make([]containerResult, 0, len(p.Spec.Containers))
	for i := range p.Spec.InitContainers {
		if c := &p.Spec.InitContainers[i]; sidecar(c) {
			out = append(out, describeContainer(p, c, statusOf(p.Status.InitContainerStatuses, c.Name)))
		}
	}
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		out = append(out, describeContainer(p, c, statusOf(p.Status.ContainerStatuses, c.Name)))
	}
	return out
}

func describeContainer(p *corev1.Pod, c *corev1.Container, status *corev1.ContainerStatus) containerResult {
	r := containerResult{Name: c.Name, Image: c.Image, State: "unknown", RunAsNonRoot: nonRoot(p, c)}
	if limit, ok := c.Resources.Limits[corev1.ResourceMemory]; ok {
		bytes := limit.Value()
		r.MemoryLimitBytes = &bytes
	}
	if status == nil {
		return r
	}
	r.Ready, r.Restarts = status.Ready, int(status.RestartCount)
	r.State, r.Reason = containerState(status.State)
	if last := status.LastTerminationState.Terminated; last != nil {
		r.LastReason = endReason(last)
	}
	return r
}

func containerState(s corev1.ContainerState) (state, reason string) {
	switch {
	case s.Running != nil:
		return "running", ""
	case s.Waiting != nil:
		return "waiting", s.Waiting.Reason
	case s.Terminated != nil:
		return "terminated", endReason(s.Terminated)
	}
	return "unknown", ""
}

func statusOf(all []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}

// sidecar tells an init container that goes on running.
func sidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// nonRoot applies the rule of the Pod API: the container's own setting counts before the pod's.
func nonRoot(p *corev1.Pod, c *corev1.Container) bool {
	if s := c.SecurityContext; s != nil && s.RunAsNonRoot != nil {
		return *s.RunAsNonRoot
	}
	s := p.Spec.SecurityContext
	return s != nil && s.RunAsNonRoot != nil && *s.RunAsNonRoot
}

func everyContainerNonRoot(p *corev1.Pod) bool {
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range list {
			if !nonRoot(p, &list[i]) {
				return false
			}
		}
	}
	return true
}
