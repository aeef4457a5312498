package lang

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// ChildAction is the action of a step that runs another runbook.
const ChildAction = "runbook"

const (
	// maxDepth bounds runbooks within runbooks; a file that leads to itself is found before.
	maxDepth = 32
	// maxNested bounds the steps of a runbook and of all that it runs, each counted as often as it runs.
	maxNested = 100_000
)

type childArgs struct {
	Source    string    `rb:"source,required" doc:"The runbook's file, relative to this one."`
	Variables cty.Value `rb:"variables" doc:"Values of its variables by name."`
}

type childResult struct {
	Outputs cty.Value `rb:"outputs" doc:"Its outputs by name."`
}

// childProvider makes `runbook` an action like any other to whatever looks at steps. The engine carries it out itself.
func childProvider() *provider.Provider {
	return provider.New(provider.Setup[struct{}, any]{
		Name: ChildAction, Doc: "Other runbooks.",
		Open: func(context.Context, provider.Open[struct{}]) (any, error) { return struct{}{}, nil },
		Actions: []provider.Action{provider.Define(provider.Definition[any, childArgs, childResult]{
			Name: ChildAction, Doc: "Runs another runbook as one step.", Effect: provider.Read,
			Run: func(context.Context, *provider.In[any, childArgs]) (*childResult, error) {
				return nil, errors.New("a runbook is run by the engine, not by a provider")
			},
			Summarize: func(*childResult) string { return "" },
		})},
	})
}

// family is what the files of one [Load] share: a file that many steps run is read once.
type family struct {
	provider *provider.Provider
	loaded   map[string]*Runbook
	// path are the files that are being read, the outermost first.
	path []*ancestor
}

// ancestor is a file that is being read, and the step of it that led on.
type ancestor struct {
	real string // its absolute path, without links
	rb   *Runbook
	step *Step
}

// loadChildren reads the runbooks that the steps of rb run.
func (f *family) loadChildren(rb *Runbook, opts *LoadOptions) hcl.Diagnostics {
	var diags hcl.Diagnostics
	me := &ancestor{real: opts.realPath(rb.File), rb: rb}
	f.path = append(f.path, me)
	defer func() { f.path = f.path[:len(f.path)-1] }()
	rb.nested = len(rb.Steps)
	for _, s := range rb.Steps {
		if s.Action != ChildAction {
			continue
		}
		me.step = s
		source, bad := childSource(s)
		if source == "" {
			diags = append(diags, bad...)
			continue
		}
		child, more := f.load(rb, s, source, opts)
		diags = append(diags, more...)
		if child == nil {
			continue
		}
		s.Child = child
		rb.nested = min(rb.nested+child.nested, 2*maxNested)
		for name, file := range child.Sources {
			rb.Sources[name] = file
		}
	}
	if rb.nested > maxNested {
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Too many steps", Subject: &rb.Range,
			Detail: fmt.Sprintf("Runbook %q and those that it runs have more than %d steps in all.", rb.Name, maxNested),
		})
	}
	return diags
}

// childSource reads the constant `source` of a step. Empty: it is missing, which the checker reports, or bad says why.
func childSource(s *Step) (string, hcl.Diagnostics) {
	attr := s.Args["source"]
	if attr == nil {
		return "", nil
	}
	at := attr.Expr.Range()
	problem := func(detail string) (string, hcl.Diagnostics) {
		return "", hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Not a constant", Detail: detail, Subject: &at}}
	}
	if len(attr.Expr.Refs) > 0 || attr.Expr.Calls() {
		return problem("source is read before anything is evaluated, so it can't refer to other things. Write the file's path in quotes.")
	}
	v, diags := attr.Expr.Value(nil)
	if diags.HasErrors() {
		return "", diags
	}
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return "", nil // the checker says what is wrong with its type
	}
	if v.AsString() == "" {
		return problem("source is empty; write the file's path, relative to this file: \"./db.hcl\".")
	}
	return v.AsString(), nil
}

// load reads the runbook that step s of rb runs; nil where it can't be run.
func (f *family) load(rb *Runbook, s *Step, source string, opts *LoadOptions) (*Runbook, hcl.Diagnostics) {
	path := filepath.FromSlash(source)
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(rb.File), path)
	}
	at := s.Args["source"].Expr.Range()
	problem := func(summary, detail string) (*Runbook, hcl.Diagnostics) {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}}
	}
	real := opts.realPath(path)
	for i, a := range f.path {
		if a.real == real {
			return problem("Cycle of runbooks", describeLoop(f.path[i:]))
		}
	}
	if len(f.path) >= maxDepth {
		return problem("Nested too deeply", fmt.Sprintf("More than %d runbooks run one within the other.", maxDepth))
	}
	// By the path as it is written: what the file's own paths lead to depends on it, and a later session knows it by that.
	key := filepath.Join(absoluteDir(path), filepath.Base(path)) + policyKey(rb.Policies)
	if child, done := f.loaded[key]; done {
		return child, nil
	}
	if IsWorkspace(path) {
		return problem("Not a runbook", fmt.Sprintf("%s is a workspace file: it holds no runbook to run.", path))
	}
	if _, err := readFile(path, opts); err != nil {
		bad := unreadable(path, err)
		return problem(bad.Summary, bad.Detail)
	}
	child, diags := load(path, opts, f, rb)
	f.loaded[key] = child
	return child, diags
}

func describeLoop(loop []*ancestor) string {
	var b strings.Builder
	b.WriteString("A runbook can't run itself:\n")
	for i, a := range loop {
		next := loop[(i+1)%len(loop)]
		fmt.Fprintf(&b, "  %s runs %s in step %q (%s)\n", filepath.Base(a.rb.File), filepath.Base(next.rb.File), a.step.Name, place(a.step.Range))
	}
	b.WriteString("Take one of these steps out.")
	return b.String()
}
