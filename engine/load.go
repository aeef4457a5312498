package engine

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/validate"
)

// Runbook is a runbook that was loaded and checked.
type Runbook struct {
	*lang.Runbook
	// Graph is the order of its steps; nil for a workspace file.
	Graph *graph.Graph
	// Children are the orders of the runbooks that its steps run, and that those run; each runbook is in it once.
	Children map[*lang.Runbook]*graph.Graph
}

// Files are the parsed files by name, for diagnostics. A nil runbook has none.
func (r *Runbook) Files() map[string]*hcl.File {
	if r == nil {
		return nil
	}
	return r.Sources
}

// Load reads a runbook, for no environment, and checks it without touching anything. The runbook is nil where the file
// can't be read; it may be returned beside errors, for its files.
func (e *Engine) Load(path string) (*Runbook, hcl.Diagnostics) { return e.LoadIn(path, "") }

// LoadIn is [Engine.Load] for an environment of the workspace: its variables and its policy count. Without one, only what
// holds in every environment is checked.
func (e *Engine) LoadIn(path, environment string) (*Runbook, hcl.Diagnostics) {
	return e.load(path, lang.LoadOptions{Environment: environment})
}

// load reads and checks a runbook with options.
func (e *Engine) load(path string, opts lang.LoadOptions) (*Runbook, hcl.Diagnostics) {
	return e.read(path, opts, e.check)
}

// read reads a runbook, and has what it is to be held to check it and those that its steps run.
func (e *Engine) read(path string, opts lang.LoadOptions, check func(*lang.Runbook) (*graph.Graph, hcl.Diagnostics)) (*Runbook, hcl.Diagnostics) {
	opts.Registry = e.Registry
	rb, diags := lang.Load(path, opts)
	if rb == nil {
		return nil, diags
	}
	out := &Runbook{Runbook: rb, Children: map[*lang.Runbook]*graph.Graph{}}
	var more hcl.Diagnostics
	out.Graph, more = check(rb)
	diags = append(diags, more...)
	diags = append(diags, checkChildren(out, rb, check)...)
	return out, validate.Sorted(path, diags)
}

func (e *Engine) check(rb *lang.Runbook) (*graph.Graph, hcl.Diagnostics) {
	g, diags := graph.Build(rb)
	return g, append(diags, validate.Runbook(rb, g, validate.Options{Host: e.Host})...)
}

// checkChildren checks the runbooks that the steps of rb run, as they are checked alone.
func checkChildren(r *Runbook, rb *lang.Runbook, check func(*lang.Runbook) (*graph.Graph, hcl.Diagnostics)) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, s := range rb.Steps {
		if s.Child == nil || r.Children[s.Child] != nil {
			continue
		}
		g, more := check(s.Child)
		r.Children[s.Child] = g
		diags = append(diags, more...)
		diags = append(diags, checkChildren(r, s.Child, check)...)
	}
	return diags
}

// LoadWorkspace reads a workspace file and checks it alone. The result, nil where the file can't be read, holds its
// blocks and no steps.
func (e *Engine) LoadWorkspace(path string) (*Runbook, hcl.Diagnostics) {
	ws, diags := lang.LoadWorkspace(path, lang.LoadOptions{Registry: e.Registry})
	if ws == nil {
		return nil, diags
	}
	diags = append(diags, validate.Workspace(ws, validate.Options{Host: e.Host})...)
	return &Runbook{Runbook: ws}, validate.Sorted(path, diags)
}
