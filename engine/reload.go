package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
)

// reload loads the runbook of a run: as it was, or, with changes, as it is. What is wrong with files that its expressions read is set apart.
func (e *Engine) reload(ctx context.Context, s *story, opts RecallOptions) (*Runbook, changes, hcl.Diagnostics) {
	if len(s.header.Files) == 0 {
		return nil, changes{}, problem("The run can't go on", errors.New("it was kept by a version of runbook that did not keep its files"))
	}
	was, diags := s.filesThen(ctx, &opts)
	if diags.HasErrors() {
		return nil, changes{}, diags
	}
	path := s.header.Files[0].Path
	before, diags := e.readThen(path, was, s, &opts)
	diags, files := withoutFiles(diags)
	before.TellLiterals(opts.Secrets)
	if opts.asItWas() || len(was.differ) == 0 || diags.HasErrors() && !opts.WithChanges {
		return before, changes{files: files}, diags
	}
	after, more := e.load(path, lang.LoadOptions{Environment: s.header.Environment})
	more, files = withoutFiles(more)
	after.TellLiterals(opts.Secrets)
	switch {
	case !opts.WithChanges:
		return before, changes{}, was.refused(before, after, more, &opts)
	case more.HasErrors():
		return after, changes{}, more
	}
	out := compare(before.Runbook, after.Runbook, opts.Redact)
	out.files = files
	if out.before = before; diags.HasErrors() {
		out.before, out.told = nil, append(out.told, "the files as they were can't be read by this version, so that nothing tells what steps did that are gone")
	}
	return after, out, more
}

// filesThen are the files of a run as it kept them, by path, with the workspaces of runbooks among them.
type filesThen struct {
	kept       map[string][]byte
	workspaces map[string][]string
	// differ are the paths of those that are others now, or came since; came are the workspaces among these.
	differ, came []string
}

// filesThen reads the files of the run from the history, and finds those that are others now. What is gone is taken from the history.
func (s *story) filesThen(ctx context.Context, opts *RecallOptions) (*filesThen, hcl.Diagnostics) {
	out := &filesThen{kept: map[string][]byte{}, workspaces: map[string][]string{}}
	for _, ref := range s.header.Files {
		content, err := opts.Journal.File(ctx, s.runID, ref.SHA256)
		if err != nil {
			return nil, problem("A file of the run can't be read from the history", fmt.Errorf("%s: %w%s", ref.Path, err, bringBack(err)))
		}
		out.kept[ref.Path], out.workspaces[ref.Path] = content, ref.Workspaces
		now, err := readIfThere(ref.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, problem("A file of the run can't be read", err)
		case hashOf(now) != ref.SHA256:
			out.differ = append(out.differ, ref.Path)
		}
	}
	if opts.asItWas() {
		return out, nil
	}
	came, diags := newWorkspaces(out.kept)
	out.differ, out.came = append(out.differ, came...), came
	return out, diags
}

// readThen reads the runbook as it was. What ran was checked before it did, and rules that a version since has are no reason not to take it back.
func (e *Engine) readThen(path string, was *filesThen, s *story, opts *RecallOptions) (*Runbook, hcl.Diagnostics) {
	check := e.check
	if opts.asItWas() {
		check = graph.Build
	}
	return e.read(path, lang.LoadOptions{
		ReadFile: fromMap(was.kept), Environment: s.header.Environment,
		Workspaces: func(path string) []string { return was.workspaces[absolute(path)] },
	}, check)
}

// refused says what is different in the files, with which the run goes on only where that is wanted.
func (f *filesThen) refused(before, after *Runbook, diags hcl.Diagnostics, opts *RecallOptions) hcl.Diagnostics {
	told := "its text differs"
	if after != nil && before != nil && !diags.HasErrors() {
		told = strings.Join(compare(before.Runbook, after.Runbook, opts.Redact).told, "; ")
	}
	return hcl.Diagnostics{{
		Severity: hcl.DiagError, Summary: "The runbook has changed since the run began",
		Detail: fmt.Sprintf("%s: %s. Put the file back as it was%s, or go on with what is there now with --with-changes: then what is affected runs again.",
			strings.Join(f.differ, ", "), cmpEmpty(told, "only comments, white space or the order differ, which changes nothing"), takeAway(f.came)),
	}}
}

// bringBack says what to do about a file that the history has lost, or that has changed in it. What is in its place today may be another.
func bringBack(err error) string {
	if !errors.Is(err, journal.ErrDamaged) {
		return ""
	}
	return ". The run neither goes on nor is undone or cancelled without it: have the history restored from a copy; \"runbook runs check\" tells what is damaged in it"
}

// newWorkspaces are those that hold for runbooks of a run by now, and were not there when it began: their policies do too.
func newWorkspaces(kept map[string][]byte) (came []string, diags hcl.Diagnostics) {
	for _, path := range slices.Sorted(maps.Keys(kept)) {
		if lang.IsWorkspace(path) {
			continue
		}
		now, more := lang.WorkspacesOf(path)
		diags = append(diags, more...)
		for _, file := range now {
			if _, had := kept[absolute(file)]; !had && !slices.Contains(came, absolute(file)) {
				came = append(came, absolute(file))
			}
		}
	}
	return came, diags
}

// takeAway says what else can be done about workspaces that came since.
func takeAway(came []string) string {
	if len(came) == 0 {
		return ""
	}
	return " (what is new there, take away: " + strings.Join(came, ", ") + ")"
}

func cmpEmpty(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// readIfThere reads a file. What is none, such as the pipe that a shell's <(command) was, holds what it held no longer.
func readIfThere(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	return os.ReadFile(path)
}

// fromMap reads files that were kept.
func fromMap(files map[string][]byte) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if content, ok := files[absolute(path)]; ok {
			return content, nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
}
