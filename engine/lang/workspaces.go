package lang

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/provider"
)

// workspaceNames are the names of a workspace file. A folder may hold one of them.
var workspaceNames = [...]string{"workspace.hcl", "workspace.hcl.json"}

// IsWorkspace reports whether path is named as a workspace file is, so that it is for [LoadWorkspace].
func IsWorkspace(path string) bool {
	return slices.Contains(workspaceNames[:], filepath.Base(path))
}

// findWorkspaces reads the workspace files in path's folder and those above it, the nearest first. Whoever may write a folder can put
// one there, so that those further up are heeded too.
func findWorkspaces(path string, opts *LoadOptions, child *provider.Provider) ([]*Runbook, hcl.Diagnostics) {
	candidates, diags := opts.workspaces(path)
	var found []*Runbook
	for _, candidate := range candidates {
		source, err := readFile(candidate, opts)
		if errors.Is(err, fs.ErrNotExist) && opts.ReadFile != nil {
			continue
		}
		if err != nil {
			diags = append(diags, unreadable(candidate, err))
			continue
		}
		workspace, more := decodeWorkspace(candidate, source, opts, child)
		found, diags = append(found, workspace), append(diags, more...)
	}
	return found, diags
}

// WorkspacesOf lists the workspace files that hold for the runbook of a path now, the nearest first.
func WorkspacesOf(path string) ([]string, hcl.Diagnostics) { return new(LoadOptions).workspaces(path) }

// workspaces lists the workspace files of a runbook. What can't hold policies that are read is a problem: it may stand where some
// are meant to be.
func (o *LoadOptions) workspaces(path string) ([]string, hcl.Diagnostics) {
	if o.Workspaces != nil {
		if known := o.Workspaces(path); len(known) > 0 {
			return known, nil
		}
	}
	var files []string
	var diags hcl.Diagnostics
	for _, f := range o.folders(path) {
		here, more := o.workspacesIn(f.shown)
		files, diags = append(files, here...), append(diags, more...)
	}
	seen := map[string]bool{filepath.Clean(path): true}
	return slices.DeleteFunc(files, func(file string) bool {
		real := o.realPath(file) // which another folder may have a link to
		again := seen[file] || seen[real]
		seen[real] = true
		return again
	}), diags
}

// workspacesIn lists the workspace files of a folder. Two are a problem, as either could hold what is to hold.
func (o *LoadOptions) workspacesIn(folder string) ([]string, hcl.Diagnostics) {
	var files []string
	var diags hcl.Diagnostics
	for _, name := range workspaceNames {
		there, bad := o.isThere(filepath.Join(folder, name))
		if there {
			files = append(files, filepath.Join(folder, name))
		}
		if bad != nil {
			diags = append(diags, bad)
		}
	}
	if len(files) > 1 && o.ReadFile == nil {
		diags = append(diags, workspaceProblem("Two workspaces",
			"%s and %s stand in one folder, and a folder has one workspace. Put what they hold into one of them, and remove the other.", files[0], files[1]))
	}
	return files, diags
}

// isThere reports whether a file of a workspace's name can be read as one; bad says why not where something else has that name.
// A folder that may not be looked into has none.
func (o *LoadOptions) isThere(path string) (there bool, bad *hcl.Diagnostic) {
	if o.ReadFile != nil {
		return true, nil
	}
	const summary = "Not a workspace file"
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Mode().IsRegular():
		return true, nil
	case err == nil:
		return false, workspaceProblem(summary, "%s is %s, where the file of a workspace and its policies are looked for. Put the file there, or remove or rename what is there.",
			path, kindOf(info.Mode()))
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrPermission):
		if _, linkErr := os.Lstat(path); linkErr != nil {
			return false, nil //nolint:nilerr // what may not be looked into has none
		}
	}
	if target, linkErr := os.Readlink(path); linkErr == nil {
		return false, workspaceProblem(summary, "%s is a link to %s, which can't be read (%s), so that nobody knows its policies. Put the file there, or remove the link.",
			path, target, reason(err))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return false, unreadable(path, err)
}

// kindOf names what is not a file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

func workspaceProblem(summary, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...)}
}

func decodeWorkspace(path string, source []byte, opts *LoadOptions, child *provider.Provider) (*Runbook, hcl.Diagnostics) {
	found := *opts
	found.ReadFile = func(string) ([]byte, error) { return source, nil }
	return loadFile(path, &found, workspaceFile, child)
}

// folder is one that may hold a workspace: as it is shown, and its absolute path without links.
type folder struct{ shown, real string }

// folders are those that may hold a workspace of the file at path, the nearest first: the folder that the file stands in and those
// above, and behind them those along its path as it is written, as far as links make others of them.
func (o *LoadOptions) folders(path string) []folder {
	written := o.writtenFolders(path)
	if o.ReadFile != nil {
		return written
	}
	var out []folder
	for dir := filepath.Dir(o.realPath(path)); ; dir = filepath.Dir(dir) {
		at := folder{shown: dir, real: dir}
		if i := slices.IndexFunc(written, func(w folder) bool { return w.real == dir }); i >= 0 {
			at.shown = written[i].shown
		}
		out = append(out, at)
		if dir == filepath.Dir(dir) {
			break
		}
	}
	for _, w := range written {
		if !slices.ContainsFunc(out, func(f folder) bool { return f.real == w.real }) {
			out = append(out, w)
		}
	}
	return out
}

// writtenFolders are those along a path as it is written.
func (o *LoadOptions) writtenFolders(path string) []folder {
	var out []folder
	shown := filepath.Dir(path)
	for dir := absoluteDir(path); ; dir = filepath.Dir(dir) {
		at := folder{shown: shown, real: dir}
		if o.ReadFile == nil {
			at.real = withoutLinks(dir)
			if withoutLinks(shown) != at.real {
				at.shown = dir // the way up from a folder that was reached by a link leads elsewhere
			}
		}
		out = append(out, at)
		if dir == filepath.Dir(dir) {
			return out
		}
		shown = filepath.Join(shown, "..")
	}
}

// realPath is a file's absolute path without links, so that one file has one name.
func (o *LoadOptions) realPath(path string) string {
	if o.ReadFile != nil {
		return filepath.Join(absoluteDir(path), filepath.Base(path))
	}
	return withoutLinks(path)
}

// withoutLinks is the absolute path of what path names, as the system follows it; of what can't be followed to its end, such as a
// pipe without a name, as far as its folder is.
func withoutLinks(path string) string {
	if !filepath.IsAbs(path) {
		here, err := filepath.Abs(".")
		if err != nil {
			return path
		}
		if real, err := filepath.EvalSymlinks(here); err == nil {
			here = real
		}
		path = here + string(filepath.Separator) + path // not joined: that takes x/.. out, and x may be a link
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(real, filepath.Base(path))
	}
	return filepath.Clean(path)
}
