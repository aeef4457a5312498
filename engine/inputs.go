package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// inputsOf is what a resumed run needs again of what its person gave.
func inputsOf(plan *Plan, opts *RunOptions) *run.Inputs {
	in := &run.Inputs{
		Variables: make(map[string]json.RawMessage, len(plan.Variables)), Targets: plan.Options.Targets, MaxParallel: plan.Options.MaxParallel,
		TimeoutMS: float64(plan.Options.Timeout.Milliseconds()), FailOnWarn: opts.FailOnWarn, AutoApprove: opts.AutoApprove,
	}
	if opts.AutoApprove {
		in.Approved = effectsTold(plan.Asked())
	}
	for name, v := range plan.Variables {
		in.Variables[name] = lang.ValueToJSON(v)
	}
	return in
}

// sensitiveInputs are the variables that the events leave out; nil where there are none.
func sensitiveInputs(plan *Plan) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, v := range plan.Variables {
		if v.ContainsMarked() {
			plain, _ := v.UnmarkDeep()
			out[name] = lang.ValueToJSON(plain)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// filesOf are the contents of a runbook's files: its own, its workspace's, and those of the runbooks that it runs.
func filesOf(rb *lang.Runbook) []journal.File {
	var out []journal.File
	for _, name := range sourceNames(rb) {
		content := rb.Sources[name].Bytes
		out = append(out, journal.File{SHA256: hashOf(content), Content: content})
	}
	return out
}

// fileRefs name the same files, the runbook's own first.
func fileRefs(rb *lang.Runbook) []run.FileRef {
	var out []run.FileRef
	found := map[string][]string{}
	workspacesOf(rb, found)
	for _, name := range sourceNames(rb) {
		out = append(out, run.FileRef{Path: absolute(name), SHA256: hashOf(rb.Sources[name].Bytes), Workspaces: found[name]})
	}
	return out
}

// workspacesOf adds the absolute paths of the workspaces of a runbook, and of those that it runs, by the runbook's file.
func workspacesOf(rb *lang.Runbook, to map[string][]string) {
	if to[rb.File] != nil {
		return
	}
	to[rb.File] = []string{}
	for _, file := range rb.Workspaces {
		to[rb.File] = append(to[rb.File], absolute(file))
	}
	for _, s := range rb.Steps {
		if s.Child != nil {
			workspacesOf(s.Child, to)
		}
	}
}

func sourceNames(rb *lang.Runbook) []string {
	names := slices.Sorted(maps.Keys(rb.Sources))
	names = slices.DeleteFunc(names, func(name string) bool { return name == rb.File || rb.Sources[name] == nil })
	if rb.Sources[rb.File] == nil {
		return names
	}
	return slices.Insert(names, 0, rb.File)
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// withoutValue finds the variables that a changed file has beside those of the run, and that nothing gives a value.
func withoutValue(rb *lang.Runbook, kept map[string]cty.Value) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(rb.Variables)) {
		v := rb.Variables[name]
		_, has := kept[name]
		if has || v.Default != cty.NilVal || rb.Environment != nil && rb.Environment.Variables[name] != nil {
			continue
		}
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Variable not set", Subject: &v.Range,
			Detail: fmt.Sprintf("Variable %q has no value: the run goes on with the variables that it began with, and had no %[1]q then. Give it a default in the file, or begin a new run.", name),
		})
	}
	return diags
}

// recalledVariables reads the variables with which a run began. sealed are those that its events leave out; idle says that one
// may be unknown.
func recalledVariables(rb *lang.Runbook, in *run.Inputs, sealed map[string]json.RawMessage, idle bool) (map[string]cty.Value, error) {
	out := map[string]cty.Value{}
	if in == nil {
		return out, nil
	}
	for name, text := range in.Variables {
		v := rb.Variables[name]
		if v == nil {
			continue // the runbook does not declare it any more
		}
		if whole, ok := sealed[name]; ok {
			text = whole
		} else if lang.HoldsBlank(text) && idle {
			out[name] = cty.UnknownVal(v.Type)
			continue
		} else if lang.HoldsBlank(text) {
			return nil, fmt.Errorf("variable %s is sensitive and was not kept with the run; begin it anew", name)
		}
		value, err := lang.JSONToValue(text, v.Type)
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}
