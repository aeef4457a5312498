package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// heed holds a runbook to the policies and environments of a workspace above it. An environment of the same name that is nearer wins,
// but for the policy: that narrows the one further up.
func (r *Runbook) heed(ws *Runbook) {
	for name, file := range ws.Sources {
		r.Sources[name] = file
	}
	for name, own := range r.Environments {
		if above := ws.Environments[name]; above != nil && above.Policy != nil {
			own.outer = append(own.outer, above.Policy)
		}
	}
	addMissing(r.Environments, ws.Environments)
	r.Policies = append(r.Policies, ws.Policies...)
}

// choose makes name the runbook's environment; empty: none is chosen.
func (r *Runbook) choose(name string) hcl.Diagnostics {
	if name == "" {
		return nil
	}
	e := r.Environments[name]
	if e == nil {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unknown environment", Detail: r.noEnvironment(name)}}
	}
	r.Environment = e
	r.Policies = append(r.Policies, e.outer...)
	if e.Policy != nil {
		r.Policies = append(r.Policies, e.Policy)
	}
	return nil
}

func (r *Runbook) noEnvironment(name string) string {
	known := r.EnvironmentNames()
	if len(known) == 0 {
		return fmt.Sprintf("There is no environment %q: neither %s nor a workspace above it declares one.", name, r.File)
	}
	if s := Suggest(name, known); s != "" {
		return fmt.Sprintf("There is no environment %q; did you mean %q?", name, s)
	}
	return fmt.Sprintf("There is no environment %q. There are: %s.", name, listed(known))
}

// EnvironmentNames lists the environments that may be chosen, sorted.
func (r *Runbook) EnvironmentNames() []string { return slices.Sorted(maps.Keys(r.Environments)) }

// inherit holds a runbook to the environment and the policies of the one that runs it.
func (r *Runbook) inherit(parent *Runbook) hcl.Diagnostics {
	var diags hcl.Diagnostics
	if parent.Environment != nil && len(r.Environments) > 0 {
		diags = r.choose(parent.Environment.Name)
	}
	for _, p := range parent.Policies {
		if !slices.ContainsFunc(r.Policies, func(own *Policy) bool { return own.Range == p.Range }) {
			r.Policies = append(r.Policies, p)
		}
	}
	return diags
}

// policyKey tells sets of policies apart by where they are written.
func policyKey(policies []*Policy) string {
	var b strings.Builder
	for _, p := range policies {
		fmt.Fprintf(&b, "\n%s:%d", p.Range.Filename, p.Range.Start.Byte)
	}
	return b.String()
}
