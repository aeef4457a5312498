package lang

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// FilesRead are the whole paths of the files whose content an expression reads, without its locals: those that are known now.
func (s *Scope) FilesRead(e *Expr) []string {
	var paths []string
	s.calls(e, func(host *FunctionHost, function, path string) {
		isFile := readsContent(function)
		if function == "secret" {
			path, isFile = strings.CutPrefix(path, "file:")
		}
		if whole, err := host.expand(path); isFile && err == nil {
			paths = append(paths, host.resolve(whole))
		}
	})
	return paths
}

// FromOutside names the files, folders, variables of the environment and secrets that an expression reads, without its locals: those that are known
// now.
func (s *Scope) FromOutside(e *Expr) []string {
	var names []string
	s.calls(e, func(host *FunctionHost, function, name string) {
		if function == "env" {
			name = "env:" + name
		}
		path, isFile := strings.CutPrefix(name, "file:")
		if whole, err := host.expand(path); err == nil && (isFile || readsFiles(function)) {
			name = "file:" + host.resolve(whole)
		}
		names = append(names, name)
	})
	return names
}

// calls visits the calls of functions in an expression that read what is named by a text, where that is known now.
func (s *Scope) calls(e *Expr, visit func(host *FunctionHost, function, name string)) {
	host := s.Host
	host.Dir = s.folderOf(e.Range().Filename)
	// The callback gives no diagnostics, so the walk has none.
	_ = hclsyntax.VisitAll(e.Expression, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok || len(call.Args) == 0 || call.Name != "secret" && call.Name != "env" && !readsFiles(call.Name) {
			return nil
		}
		v, diags := s.Value(e.Part(call.Args[0]), Frame{})
		if v, _ = v.Unmark(); diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
			return nil // the run tells
		}
		visit(&host, call.Name, v.AsString())
		return nil
	})
}

// NamesFile tells OnFile of the files that an argument may name, by what it gave: some actions put the user's home folder for "~", and others don't.
func (s *Scope) NamesFile(e *Expr, v cty.Value) {
	v, _ = v.Unmark()
	if s.Host.OnFile == nil || !v.IsKnown() || v.IsNull() || v.Type() != cty.String || v.AsString() == "" {
		return
	}
	host := s.Host
	host.Dir = s.folderOf(e.Range().Filename)
	host.OnFile(host.resolve(v.AsString()))
	if home, err := host.expand(v.AsString()); err == nil && home != v.AsString() {
		host.OnFile(home)
	}
}

// readsFiles reports whether a function looks at files, which a relative path in its first argument names.
func readsFiles(function string) bool {
	return function == "templatefile" || strings.HasPrefix(function, "file")
}

// readsContent reports whether a function reads what a file holds.
func readsContent(function string) bool {
	return readsFiles(function) && function != "fileexists" && function != "fileset"
}

// Part is a part of an expression, with the references in it.
func (e *Expr) Part(part hclsyntax.Expression) *Expr {
	at := part.Range()
	out := &Expr{Expression: part}
	for _, ref := range e.Refs {
		if ref.Range.Start.Byte >= at.Start.Byte && ref.Range.End.Byte <= at.End.Byte {
			out.Refs = append(out.Refs, ref)
		}
	}
	return out
}
