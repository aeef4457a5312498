package kubernetes

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestPodStatus compares with what kubectl get pods shows for the same pods.
func TestPodStatus(t *testing.T) {
	cases := map[string]struct {
		pod      string
		reason   string
		restarts int
	}{
		"running": {`
status: {phase: Running, containerStatuses: [{name: a, ready: true, restartCount: 2, state: {running: {}}}]}`, "Running", 2},
		"pending": {`status: {phase: Pending}`, "Pending", 0},
		"evicted": {`status: {phase: Failed, reason: Evicted}`, "Evicted", 0},
		"gated": {`
status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: SchedulingGated}]}`, "SchedulingGated", 0},
		"crash loop": {`
status: {phase: Running, containerStatuses: [{name: a, restartCount: 7, state: {waiting: {reason: CrashLoopBackOff}}}]}`, "CrashLoopBackOff", 7},
		"completed": {`
status: {phase: Succeeded, containerStatuses: [{name: a, state: {terminated: {reason: Completed, exitCode: 0}}}]}`, "Completed", 0},
		"ended without a word": {`
status: {phase: Failed, containerStatuses: [{name: a, state: {terminated: {exitCode: 3}}}]}`, "ExitCode:3", 0},
		"killed": {`
status: {phase: Failed, containerStatuses: [{name: a, state: {terminated: {exitCode: 137, signal: 9}}}]}`, "Signal:9", 0},
		"one completed, one ready": {`
status:
  phase: Running
  conditions: [{type: Ready, status: "True"}]
  containerStatuses:
    - {name: a, state: {terminated: {reason: Completed, exitCode: 0}}}
    - {name: b, ready: true, state: {running: {}}}`, "Running", 0},
		"one completed, one running, pod not ready": {`
status:
  phase: Running
  containerStatuses:
    - {name: a, state: {terminated: {reason: Completed, exitCode: 0}}}
    - {name: b, ready: true, state: {running: {}}}`, "NotReady", 0},
		"one completed, one failed": {`
status:
  phase: Running
  containerStatuses:
    - {name: a, state: {terminated: {reason: Completed, exitCode: 0}}}
    - {name: b, state: {terminated: {reason: Error, exitCode: 1}}}`, "Error", 0},
		"initializing": {`
spec: {initContainers: [{name: i}, {name: j}]}
status:
  phase: Pending
  initContainerStatuses:
    - {name: i, restartCount: 1, state: {terminated: {exitCode: 0}}}
    - {name: j, state: {running: {}}}`, "Init:1/2", 1},
		"init container fails": {`
spec: {initContainers: [{name: i}]}
status: {phase: Pending, initContainerStatuses: [{name: i, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}}]}`, "Init:CrashLoopBackOff", 3},
		"init container failed": {`
spec: {initContainers: [{name: i}]}
status: {phase: Pending, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 2}}}]}`, "Init:ExitCode:2", 0},
		"sidecar": {`
spec: {initContainers: [{name: i, restartPolicy: Always}]}
status:
  phase: Running
  initContainerStatuses: [{name: i, started: true, ready: true, restartCount: 4, state: {running: {}}}]
  containerStatuses: [{name: a, ready: true, restartCount: 1, state: {running: {}}}]`, "Running", 5},
		"terminating": {`
metadata: {deletionTimestamp: "2026-01-02T03:04:05Z"}
status: {phase: Running, containerStatuses: [{name: a, ready: true, state: {running: {}}}]}`, "Terminating", 0},
		"node lost": {`
metadata: {deletionTimestamp: "2026-01-02T03:04:05Z"}
status: {phase: Running, reason: NodeLost}`, "Unknown", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var p corev1.Pod
			if err := yaml.UnmarshalStrict([]byte(c.pod), &p); err != nil {
				t.Fatal(err)
			}
			if reason, restarts := podStatus(&p); reason != c.reason || restarts != c.restarts {
				t.Errorf("podStatus is %q and %d, expected %q and %d", reason, restarts, c.reason, c.restarts)
			}
		})
	}
}

func TestRunAsNonRoot(t *testing.T) {
	cases := map[string]struct {
		pod  string
		want bool
	}{
		"nothing said":              {`spec: {containers: [{name: a}]}`, false},
		"pod says so":               {`spec: {securityContext: {runAsNonRoot: true}, containers: [{name: a}, {name: b}]}`, true},
		"every container":           {`spec: {containers: [{name: a, securityContext: {runAsNonRoot: true}}]}`, true},
		"one container of two":      {`spec: {containers: [{name: a, securityContext: {runAsNonRoot: true}}, {name: b}]}`, false},
		"container overrides":       {`spec: {securityContext: {runAsNonRoot: true}, containers: [{name: a, securityContext: {runAsNonRoot: false}}]}`, false},
		"an init container may not": {`spec: {initContainers: [{name: i}], containers: [{name: a, securityContext: {runAsNonRoot: true}}]}`, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var p corev1.Pod
			if err := yaml.UnmarshalStrict([]byte(c.pod), &p); err != nil {
				t.Fatal(err)
			}
			if got := everyContainerNonRoot(&p); got != c.want {
				t.Errorf("everyContainerNonRoot is %t, expected %t", got, c.want)
			}
		})
	}
}
