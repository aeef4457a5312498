package main

import (
	"os"
	"strings"
	"testing"
)

// env is the lab's environment with some of it replaced.
func env(t *testing.T, replaced map[string]string) func(string) string {
	t.Helper()
	if os.Getenv("KUBECONFIG") == "" || os.Getenv("RUNBOOK_VAR_api_url") == "" {
		t.Fatal("the lab's environment is missing: run make lab-up, then make test")
	}
	return func(name string) string {
		if value, ok := replaced[name]; ok {
			return value
		}
		return os.Getenv(name)
	}
}

func TestPassesAgainstTheLab(t *testing.T) {
	if err := run(t.Context(), env(t, nil)); err != nil {
		t.Error(err)
	}
}

func TestTellsWhatDoesNotHold(t *testing.T) {
	closed := os.Getenv("LAB_CLOSED_ADDRESS")
	for name, test := range map[string]struct {
		replaced map[string]string
		want     []string
	}{
		"services are gone": {
			map[string]string{
				"DATABASE_URL": "postgres://runbook@" + closed + "/x?sslmode=disable", "RUNBOOK_VAR_redis_url": "redis://" + closed,
				"RUNBOOK_VAR_api_url": "http://" + closed, "RUNBOOK_VAR_prometheus_url": "http://" + closed,
				"RUNBOOK_VAR_site_address": closed,
			},
			[]string{"database: ", "redis: ", "API: ", "prometheus: ", "certificate: "},
		},
		"no such API":           {map[string]string{"RUNBOOK_VAR_api_url": os.Getenv("LAB_API_URL") + "/nowhere"}, []string{"API: it answers 404"}},
		"an unknown authority":  {map[string]string{"RUNBOOK_VAR_site_address": os.Getenv("LAB_SELF_SIGNED_ADDRESS")}, []string{"certificate: "}},
		"no such kubeconfig":    {map[string]string{"KUBECONFIG": "/nowhere"}, []string{"kubeconfig: "}},
		"a file that is no PEM": {map[string]string{"RUNBOOK_VAR_site_ca_file": "doc.go"}, []string{"no authority in doc.go"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), env(t, test.replaced))
			if err == nil {
				t.Fatal("it passes")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in:\n%v", part, err)
				}
			}
		})
	}
}
