package validate

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// Options are what the checker needs beside the runbook. The zero value is fine.
type Options struct {
	// ReadFile reads a file for file and its like; nil: the file system. See [lang.FunctionHost].
	ReadFile func(path string) ([]byte, error)
	// Host is what the providers' checks may use, such as the folder for caches; without one they look less closely.
	Host provider.Host
}

// Runbook reports all problems of a loaded runbook, sorted by file and position, each once. The graph is what
// [graph.Build] made of it; the two packages' diagnostics and the loader's don't repeat each other.
func Runbook(rb *lang.Runbook, g *graph.Graph, opts Options) hcl.Diagnostics {
	c := newChecker(rb, g, opts)
	for _, r := range rules {
		if r.file != nil {
			r.file(c)
		}
		if r.step == nil {
			continue
		}
		for _, s := range rb.Steps {
			r.step(c, s)
		}
	}
	return Sorted(rb.File, c.diags)
}

// Workspace reports the problems of a workspace file that was loaded alone.
func Workspace(ws *lang.Runbook, opts Options) hcl.Diagnostics {
	c := newChecker(ws, nil, opts)
	for _, r := range rules {
		if r.workspace {
			r.file(c)
		}
	}
	return Sorted(ws.File, c.diags)
}

// Sorted orders diagnostics of several origins by file, the first one in front, and by position, and drops those that
// say the same of the same place.
func Sorted(first string, diags hcl.Diagnostics) hcl.Diagnostics {
	out := slices.Clone(diags)
	slices.SortStableFunc(out, func(a, b *hcl.Diagnostic) int { return compare(first, a, b) })
	return slices.CompactFunc(out, func(a, b *hcl.Diagnostic) bool { return compare(first, a, b) == 0 })
}

func compare(first string, a, b *hcl.Diagnostic) int {
	ra, rb := subject(a), subject(b)
	return cmp.Or(
		cmp.Compare(rank(first, ra), rank(first, rb)),
		cmp.Compare(ra.Filename, rb.Filename),
		cmp.Compare(ra.Start.Byte, rb.Start.Byte),
		cmp.Compare(a.Severity, b.Severity),
		cmp.Compare(ra.End.Byte, rb.End.Byte),
		cmp.Compare(a.Summary, b.Summary),
		cmp.Compare(a.Detail, b.Detail),
	)
}

func subject(d *hcl.Diagnostic) hcl.Range {
	if d.Subject == nil {
		return hcl.Range{}
	}
	return *d.Subject
}

// rank puts diagnostics without a place in front, then the first file's.
func rank(first string, r hcl.Range) int {
	switch r.Filename {
	case "":
		return 0
	case first:
		return 1
	}
	return 2
}
