package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/report"
)

// reports are those that --report asks for. The zero value asks for none, and costs nothing.
type reports struct {
	// specs are FORMAT=FILE as they were given.
	specs []string
	files []reportFile
	// recorder keeps what they tell; nil: there is none to write.
	recorder *report.Recorder
	// plans are those of the session: what they read is not to be written over.
	plans []*engine.Plan
	// acts tells which arguments of an action are files.
	acts *provider.Registry
	// wrote are the files that writes and undos of the run so far were sent for, those of earlier sessions among them.
	wrote []string
}

// declare declares the flag.
func (r *reports) declare(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&r.specs, "report", nil, "also write a report of the whole run, `FORMAT=FILE` (repeatable): "+strings.Join(report.Formats(), ", "))
	mustComplete(cmd.RegisterFlagCompletionFunc("report", completeReport))
}

// parse reads what the flags say, and looks whether each file can be written.
func (r *reports) parse(p *Program) error {
	for _, spec := range r.specs {
		f, err := parseReport(spec)
		if err != nil {
			return err
		}
		if err := f.look(); err != nil {
			return fmt.Errorf("--report %s: %w", spec, err)
		}
		for _, other := range r.files {
			if f.sameAs(other.path) {
				return fmt.Errorf("--report %s: %s is named twice; each report needs a file of its own", spec, f.path)
			}
		}
		r.files = append(r.files, f)
	}
	if len(r.files) > 0 {
		r.recorder, r.acts = &report.Recorder{}, p.Registry()
	}
	return nil
}

// parseReport reads FORMAT=FILE.
func parseReport(spec string) (reportFile, error) {
	name, path, has := strings.Cut(spec, "=")
	formats := report.Formats()
	switch {
	case !has && slices.Contains(formats, name):
		return reportFile{}, fmt.Errorf("--report %s names no file; write --report %s=FILE", spec, name)
	case !slices.Contains(formats, name):
		meant := lang.Suggest(name, formats)
		if name == "" || !has && meant == "" {
			return reportFile{}, fmt.Errorf("--report %q: write FORMAT=FILE, with a format of %s", spec, strings.Join(formats, ", "))
		}
		return reportFile{}, wrongValue("--report", name, formats)
	case strings.TrimSpace(path) == "":
		return reportFile{}, fmt.Errorf("--report %s names no file; write --report %sFILE", spec, spec)
	case path == "-":
		return reportFile{}, fmt.Errorf("--report %s: standard output is written --report %s=/dev/stdout", spec, name)
	}
	return reportFile{format: name, path: path}, nil
}

// spare refuses reports that would take the place of files that the run needs: those of the runbook, of its variables, what its expressions
// read, and its history.
func (r *reports) spare(p *Program, plan *engine.Plan, files []string) error {
	if r.recorder == nil {
		return nil
	}
	if plan != nil {
		r.plans = append(r.plans, plan)
	}
	files = slices.Concat(files, pathsOf(r.recorder.Files()), r.filesUsed())
	if store, err := p.storePath(p.store); err == nil && !isURL(store) {
		files = append(files, store, store+"-wal", store+"-shm")
	}
	files = append(files, p.keyPath())
	for _, f := range r.files {
		if path := f.among(files); path != "" {
			return fmt.Errorf("--report %s=%s would take the place of %s, which the run needs; name another file", f.format, f.path, path)
		}
	}
	return nil
}

// filesUsed are the files that the run reads and writes, as far as that is known.
func (r *reports) filesUsed() []string {
	paths := slices.Clone(r.wrote)
	for _, plan := range r.plans {
		paths = append(paths, plan.FilesUsed()...)
	}
	return paths
}

// wroteTo keeps which files a write, or an undo, is sent for. Its event has the arguments as they were written: a relative path starts in one
// of the folders of the runbook's files.
func (r *reports) wroteTo(e *run.Event) {
	if len(e.Arguments) == 0 {
		return
	}
	_, action := r.acts.Action(e.Action)
	var args map[string]json.RawMessage
	if action == nil || json.Unmarshal(e.Arguments, &args) != nil {
		return
	}
	for _, a := range action.Spec().Args().Attributes {
		var path string
		if !a.File || json.Unmarshal(args[a.Name], &path) != nil || path == "" {
			continue
		}
		if filepath.IsAbs(path) {
			r.wrote = append(r.wrote, path)
			continue
		}
		for _, file := range r.recorder.Files() {
			r.wrote = append(r.wrote, filepath.Join(filepath.Dir(file.Path), path))
		}
	}
}

// pathsOf are the paths of files.
func pathsOf(files []run.FileRef) []string {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
	}
	return paths
}

// see takes in an event of the run that the history has.
func (r *reports) see(e journal.Entry) {
	if r != nil && r.recorder != nil {
		r.recorder.See(e)
		r.wroteTo(e.Event)
	}
}

// follow takes in an event as it happens, kept being the last that the history has by then.
func (r *reports) follow(e journal.Entry, kept func(runID string) int64) {
	if r != nil && r.recorder != nil {
		r.recorder.Follow(e, kept(e.Event.Run))
		r.wroteTo(e.Event)
	}
}

// given says that the open question of a step was answered, and that the run has not taken that in.
func (r *reports) given(step string, a *run.Answer) {
	if r.recorder != nil {
		r.recorder.Given(step, a)
	}
}

// goesOn says that a process runs the run.
func (r *reports) goesOn() {
	if r.recorder != nil {
		r.recorder.GoesOn()
	}
}

// write writes all reports, each though another fails.
func (r *reports) write(p *Program) error {
	if r.recorder == nil {
		return nil
	}
	r.recorder.Store = p.blank(p.store)
	document := r.recorder.Run(p.redactor.Bytes)
	if document == nil {
		return nil
	}
	var failed []error
	used := r.filesUsed()
	for _, f := range r.files {
		err := f.spares(used)
		if err == nil {
			err = f.write(p, document)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("the %s report %s was not written: %w", f.format, f.path, err))
		}
	}
	return errors.Join(failed...)
}

// end writes the reports of a session that took place, or that could not as something is in doubt: they tell how the run stands. It gives the
// error that the command ends with.
func (r *reports) end(p *Program, seen *witness, err error) error {
	if seen.runID() == "" && statusOf(err) != ExitLeftOver {
		return err // nothing was run
	}
	switch {
	case r.recorder == nil:
	case seen.kept != 0:
		r.recorder.Broke(seen.kept, p.Now())
	default:
		r.recorder.Kept(math.MaxInt64)
	}
	return r.written(p, err)
}

// written writes the reports, and gives the error that the command ends with, which would have been err.
func (r *reports) written(p *Program, err error) error {
	failed := r.write(p)
	if failed == nil {
		return err
	}
	p.say("%s%v", p.diagnosticStyle().Palette.Bad("Error: "), failed)
	if err == nil {
		return exit(ExitFailed)
	}
	return err
}

// completeReport completes formats, then the names of files.
func completeReport(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	name, path, has := strings.Cut(typed, "=")
	var out []string
	if !has {
		for _, f := range report.Formats() {
			out = append(out, f+"=")
		}
		return out, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	folder, begun := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean("./" + folder))
	if filepath.IsAbs(folder) {
		entries, err = os.ReadDir(folder)
	}
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, e := range entries {
		if hidden := strings.HasPrefix(e.Name(), ".") && begun == ""; hidden || !strings.HasPrefix(e.Name(), begun) {
			continue
		}
		file := name + "=" + folder + e.Name()
		if e.IsDir() {
			file += "/"
		}
		out = append(out, file)
	}
	return out, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}
