package engine

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
)

// wrongEnvironment says why a runbook can't be planned in an environment, or without one, and fills in the one that it was
// loaded for. A run that began goes on in its own.
func wrongEnvironment(rb *lang.Runbook, opts *PlanOptions) *hcl.Diagnostic {
	chosen := ""
	if rb.Environment != nil {
		chosen = rb.Environment.Name
	}
	if opts.Environment == "" {
		opts.Environment = chosen
	}
	switch {
	case opts.Environment != chosen:
		return &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Another environment",
			Detail: fmt.Sprintf("The runbook was loaded for environment %q and is planned for %q.", chosen, opts.Environment),
		}
	case chosen == "" && opts.Apply && len(rb.Environments) > 0:
		return &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Which environment?",
			Detail: fmt.Sprintf("The workspace declares environments, so a run says in which: --env %s.", strings.Join(rb.EnvironmentNames(), " or ")),
		}
	case opts.Apply:
		return childWithout(rb)
	}
	return nil
}

// childWithout finds a step whose runbook has environments, none of which is chosen: what they demand would not hold.
func childWithout(rb *lang.Runbook) *hcl.Diagnostic {
	for _, s := range rb.Steps {
		if s.Child == nil {
			continue
		}
		if names := s.Child.EnvironmentNames(); s.Child.Environment == nil && len(names) > 0 {
			return &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Which environment?", Subject: &s.Range,
				Detail: fmt.Sprintf("The workspace of the runbook that step %q runs declares environments, and this one is in none of them. Declare %s in a workspace.hcl "+
					"that this runbook has too, and choose it with --env.", s.Name, strings.Join(names, " or ")),
			}
		}
		if d := childWithout(s.Child); d != nil {
			return d
		}
	}
	return nil
}
