package validate

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
)

// Options are what the checker needs beside the runbook. The zero value is fine.
type Options struct{}

// Runbook reports all problems of a loaded runbook, sorted by file and position, each once. The graph is what
// [graph.Build] made of it.
func Runbook(rb *lang.Runbook, g *graph.Graph, opts Options) hcl.Diagnostics { return nil }

// Workspace reports the problems of a workspace file that was loaded alone.
func Workspace(ws *lang.Runbook, opts Options) hcl.Diagnostics { return nil }
