package kubernetes

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestRestartRightAfterAChange restarts a deployment whose last change its controller has not seen yet, and which somebody
// changes in between: the revision before the restart is that of the last change.
func TestRestartRightAfterAChange(t *testing.T) {
	generation, observed, conflicts := 2, 1, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodPatch && conflicts == 0:
			conflicts++
			w.WriteHeader(http.StatusConflict)
			reply(t, w, rawObject{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": http.StatusConflict})
			return
		case r.Method == http.MethodPatch:
			generation++
		}
		revision := map[int]string{1: "1", 2: "2", 3: "3"}[observed]
		reply(t, w, rawObject{
			"apiVersion": "apps/v1", "kind": "Deployment", "status": rawObject{"observedGeneration": observed},
			"metadata": rawObject{"name": "api", "generation": generation, "resourceVersion": "1", "annotations": rawObject{deploymentRevision: revision}},
		})
		if r.Method == http.MethodGet {
			observed = generation // by the next time
		}
	}))
	defer server.Close()
	writes := request(t, config{Kubeconfig: written(t, kubeconfigOf(server.URL))})
	writes.ReadOnly = false
	c, err := open(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	in := &provider.In[*client, rolloutRestartArgs]{
		Client: c, Args: &rolloutRestartArgs{Resource: "deployment/api"}, Key: "key",
		Note: func(any) error { return nil },
		Warn: func(format string, args ...any) { t.Errorf(format, args...) },
	}
	ctx, _ := withIntent(t.Context(), changing)
	result, err := runRolloutRestart(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if conflicts != 1 || result.Before.String() != "2" || result.After.String() != "3" {
		t.Errorf("%d conflicts, from revision %s to %s, expected from 2 to 3", conflicts, result.Before, result.After)
	}
}

func reply(t *testing.T, w http.ResponseWriter, object rawObject) {
	t.Helper()
	if err := json.NewEncoder(w).Encode(object); err != nil {
		t.Error(err)
	}
}
