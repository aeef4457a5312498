package kubernetes

import "testing"

// TestEndJob names the job as kubectl finds it, from a person's machine and from within the cluster.
func TestEndJob(t *testing.T) {
	for context, where := range map[string]string{"admin@eu": " -n shop --context 'admin@eu'", podContext: " -n shop"} {
		s := subject{c: &client{cluster: &cluster{context: context}}, r: jobs, namespace: "shop", name: "runbook-1"}
		want := "wait for it, or end it with: kubectl patch job runbook-1" + where + ` --type merge -p '{"spec":{"activeDeadlineSeconds":1}}'. It counts as carried out then, as far as it came. ` +
			"(Were it deleted, a resume would run it again from its beginning.)"
		if got := s.endJob(); got != want {
			t.Errorf("in %s: %s", context, got)
		}
	}
}
