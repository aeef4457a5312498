package cli

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/internal/diagfmt"
)

type validateOptions struct {
	*Program
	Paths []string
	Env   string
	JSON  bool
}

func newValidate(p *Program) *cobra.Command {
	o := &validateOptions{Program: p}
	cmd := &cobra.Command{
		Use: "validate PATH...", Short: "Find all problems of runbooks, offline",
		Long: "Checks runbook files, and all runbooks below folders, without touching any system. Exits with 2 when one is invalid.\n" +
			"With --env the policy of that environment counts too; without it, only what holds in every environment.",
		Example: "  runbook validate morning.hcl\n  runbook validate runbooks/ examples/\n  runbook validate --json runbooks/ | jq '.diagnostics[].range'",
		Args:    atLeastOne("PATH"), ValidArgsFunction: manyFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Paths = args
			return o.run(cmd.Context())
		},
	}
	envFlag(p, cmd, &o.Env)
	jsonFlag(cmd, &o.JSON, "the problems")
	return cmd
}

func (o *validateOptions) run(context.Context) error {
	files, diags := findFiles(o.Paths, isCheckable, "runbooks")
	eng := o.engine()
	sources := map[string]*hcl.File{}
	for _, file := range files {
		var rb *engine.Runbook
		var more hcl.Diagnostics
		if lang.IsWorkspace(file) {
			rb, more = eng.LoadWorkspace(file)
		} else {
			rb, more = eng.LoadIn(file, o.Env)
		}
		rb.TellLiterals(&o.redactor)
		o.own(rb)
		diags = append(diags, more...)
		maps.Copy(sources, rb.Files())
	}
	report := diagfmt.NewReport(unique(diags), sources)
	if o.JSON {
		if err := o.printJSON(report); err != nil {
			return err
		}
	} else if err := o.text(report, len(files)); err != nil {
		return err
	}
	if !report.Valid {
		return exit(ExitRefused)
	}
	return nil
}

func (o *validateOptions) text(report diagfmt.Report, files int) error {
	if len(report.Diagnostics) > 0 {
		if err := diagfmt.Text(o.Err, report, o.diagnosticStyle()); err != nil {
			return err
		}
	}
	if !report.Valid {
		return nil
	}
	noun := "files are"
	if files == 1 {
		noun = "file is"
	}
	return o.printLines(fmt.Sprintf("%d %s valid.", files, noun))
}

// unique drops problems that several runbooks share: those of their workspace.
func unique(diags hcl.Diagnostics) hcl.Diagnostics {
	type key struct {
		summary, detail string
		at              hcl.Range
	}
	seen := map[key]bool{}
	var out hcl.Diagnostics
	for _, d := range diags {
		k := key{summary: d.Summary, detail: d.Detail}
		if d.Subject != nil {
			k.at = *d.Subject
		}
		if !seen[k] {
			seen[k] = true
			out = append(out, d)
		}
	}
	return out
}

func isCheckable(path string) bool { return isRunbookFile(path) || lang.IsWorkspace(path) }

// findFiles lists the files that the arguments name: a file itself, of a folder all files below that want accepts. Hidden
// folders are left out, and so are pipes, sockets and devices, also behind links: nobody knows when they end.
func findFiles(paths []string, want func(string) bool, noun string) ([]string, hcl.Diagnostics) {
	var files []string
	var diags hcl.Diagnostics
	seen := map[string]bool{}
	add := func(file string) {
		if !seen[file] {
			seen[file] = true
			files = append(files, file)
		}
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() {
			add(path) // who reads it says what is wrong with it
			continue
		}
		before := len(files)
		err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && file != path && strings.HasPrefix(d.Name(), "."):
				return filepath.SkipDir
			case !d.IsDir() && want(file) && mayEnd(file, d):
				add(file)
			}
			return nil
		})
		if err != nil {
			diags = append(diags, problem("Unreadable folder", "%v", err))
		} else if len(files) == before {
			diags = append(diags, problem("Nothing found", "There are no %s in %s.", noun, path))
		}
	}
	return files, diags
}

// mayEnd reports whether a file that was found may be read: it is no pipe, socket or device, nor a link to one.
func mayEnd(file string, d fs.DirEntry) bool {
	mode := d.Type()
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode()
	}
	return mode&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) == 0
}

func problem(summary, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...)}
}
