package lang

import (
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// FromFolder reports whether what an expression gives may depend on the folder of the file that writes it, where relative paths start: those that it
// hands to a function. Path says that what it gives is such a path itself. What stands behind references is not looked at.
func FromFolder(e hclsyntax.Expression, path bool) bool {
	found := path && mayBeRelative(e, "")
	// The callback gives no diagnostics, so the walk has none.
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok || len(call.Args) == 0 {
			return nil
		}
		switch {
		case call.Name == "secret":
			found = found || mayBeRelative(call.Args[0], "file:")
		case call.Name == "abspath", readsFiles(call.Name):
			found = found || mayBeRelative(call.Args[0], "")
		}
		return nil
	})
	return found
}

// mayBeRelative reports whether an expression may give a relative path behind a prefix.
func mayBeRelative(e hclsyntax.Expression, prefix string) bool {
	v, diags := e.Value(nil)
	if v, _ = v.Unmark(); diags.HasErrors() || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return true // the run tells
	}
	path, has := strings.CutPrefix(v.AsString(), prefix)
	return has && path != "" && !filepath.IsAbs(path) && !strings.HasPrefix(path, "~")
}

// FolderOf is where relative paths in a file of the runbook start.
func (r *Runbook) FolderOf(file string) string {
	if file == "" || file != r.Workspace {
		return r.Dir
	}
	return absoluteDir(file)
}

// folderOf is the same where the runbook was read from elsewhere than where its functions look.
func (s *Scope) folderOf(file string) string {
	if folder := s.Runbook.FolderOf(file); folder != s.Runbook.Dir {
		return folder
	}
	return s.Host.Dir
}
