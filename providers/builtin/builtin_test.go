package builtin

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// actions is what runbooks may rely on: none of these is ever renamed, nor its effect lowered.
var actions = map[string]map[provider.Effect][]string{
	"kubernetes": {
		provider.Read: {
			"cluster", "nodes", "pods", "deployments", "jobs", "objects", "events", "logs", "top_nodes", "top_pods",
			"rollout_history", "rollout_status", "can_i",
		},
		provider.Write: {
			"rollout_restart", "rollout_undo", "set_env", "set_image", "set_resources", "label",
			"cordon", "uncordon", "exec", "run_job",
		},
		provider.Destructive: {"delete", "drain", "scale", "apply", "patch"}, // the last three: to zero
	},
	"postgres": {
		provider.Read:        {"ping", "query", "slow_queries", "activity", "size", "replication"},
		provider.Destructive: {"exec"}, // by its content, else a write
	},
	"redis": {
		provider.Read:  {"ping", "info", "query", "slowlog"},
		provider.Write: {"command"}, // destructive by its content
	},
	"http":       {provider.Destructive: {"request"}},
	"tls":        {provider.Read: {"certificate"}},
	"prometheus": {provider.Read: {"query", "query_range", "alerts", "rules", "targets", "slo"}},
	"local": {
		provider.Read:  {"disk", "files", "search", "memory"},
		provider.Write: {"command", "write_file", "restore_file"},
	},
	"manual": {provider.Read: {"confirm", "checklist", "input"}},
}

func TestRegistry(t *testing.T) {
	registry := Registry()
	var names []string
	for _, p := range registry.Providers() {
		names = append(names, p.Name)
		t.Run(p.Name, func(t *testing.T) {
			providertest.Declarations(t, p)
			got := map[provider.Effect][]string{}
			for _, a := range p.Actions {
				spec := a.Spec()
				got[spec.Effect] = append(got[spec.Effect], spec.Name[len(p.Name)+1:])
			}
			want := map[provider.Effect][]string{}
			for effect, list := range actions[p.Name] {
				want[effect] = slices.Sorted(slices.Values(list))
				slices.Sort(got[effect])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if diff := cmp.Diff([]string{"kubernetes", "postgres", "redis", "http", "tls", "prometheus", "local", "manual"}, names); diff != "" {
		t.Error(diff)
	}
}

// file is how the documentation of an argument that names one file begins.
var file = regexp.MustCompile(`^(PEM file|Path of a kubeconfig file|File to )`)

// TestFilesAreDeclared: an argument that names a file says so, for nothing else may take the place of that file.
func TestFilesAreDeclared(t *testing.T) {
	for _, p := range Registry().Providers() {
		schemas := map[string]*provider.Object{p.Name: p.Config()}
		for _, a := range p.Actions {
			schemas[a.Spec().Name] = a.Spec().Args()
		}
		for name, o := range schemas {
			if o == nil {
				continue
			}
			for _, a := range o.Attributes {
				if says := file.MatchString(a.Doc) || strings.HasSuffix(a.Name, "_file"); says != a.File {
					t.Errorf("%s.%s: it is declared to name a file: %t; its name and documentation say so: %t", name, a.Name, a.File, says)
				}
			}
		}
	}
}
