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
	}
	return nil
}
