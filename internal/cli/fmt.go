package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/internal/diagfmt"
)

type fmtOptions struct {
	*Program
	Paths             []string
	Check, Diff, JSON bool
}

// fmtResult is what `fmt --json` prints: the files that were not in canonical form, and what is wrong with others.
type fmtResult struct {
	Changed []string `json:"changed"`
	diagfmt.Report
}

func newFmt(p *Program) *cobra.Command {
	o := &fmtOptions{Program: p}
	cmd := &cobra.Command{
		Use: "fmt PATH...", Short: "Rewrite files in canonical form",
		Long: "Rewrites .hcl files, and all below folders, in canonical form, and prints the names of those that changed.\n" +
			"Comments stay. A file that can't be parsed is left alone and refused. - is standard input.",
		Example: "  runbook fmt morning.hcl\n  runbook fmt --check --diff runbooks/\n  runbook fmt - < morning.hcl",
		Args:    atLeastOne("PATH"), ValidArgsFunction: manyFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Paths = args
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.Check, "check", false, "write nothing; exit with 1 when a file is not in canonical form")
	cmd.Flags().BoolVar(&o.Diff, "diff", false, "print what changes")
	jsonFlag(cmd, &o.JSON, "the names and the problems")
	cmd.MarkFlagsMutuallyExclusive("diff", "json")
	return cmd
}

func (o *fmtOptions) run(ctx context.Context) error {
	files, diags := findFiles(o.Paths, func(path string) bool { return strings.HasSuffix(path, ".hcl") }, "HCL files")
	sources := map[string]*hcl.File{}
	result := fmtResult{Changed: []string{}}
	for _, path := range files {
		if strings.HasSuffix(path, ".json") {
			continue
		}
		differs, problems, err := o.file(ctx, path, sources)
		if err != nil {
			return err
		}
		diags = append(diags, problems...)
		if differs {
			result.Changed = append(result.Changed, path)
		}
	}
	if o.JSON {
		result.Report = diagfmt.NewReport(diags, sources)
		if err := o.printJSON(result); err != nil {
			return err
		}
		if !result.Valid {
			return exit(ExitRefused)
		}
	} else if err := o.printDiagnostics(diags, sources); err != nil {
		return err
	}
	if o.Check && len(result.Changed) > 0 {
		return exit(ExitFailed)
	}
	return nil
}

// file formats one file and reports whether it was not in canonical form. Problems are the file's, an error ends all.
func (o *fmtOptions) file(_ context.Context, path string, sources map[string]*hcl.File) (bool, hcl.Diagnostics, error) {
	name, src, diags := o.read(path)
	if diags.HasErrors() {
		return false, diags, nil
	}
	text := bytes.TrimPrefix(src, []byte("\ufeff"))
	file, diags := lang.ParseSource(text, name)
	if diags.HasErrors() {
		if file != nil {
			sources[name] = file
		}
		return false, diags, nil
	}
	formatted := hclwrite.Format(text)
	differs := !bytes.Equal(src, formatted)
	if differs && !o.Check && path != stdin {
		if err := replaceFile(path, formatted); err != nil {
			return differs, hcl.Diagnostics{problem("The file can't be written", "%v", err)}, nil
		}
	}
	return differs, nil, o.print(name, src, formatted, differs)
}

// Standard input's path on the command line, and its name in what is said of it.
const stdin, stdinName = "-", "<stdin>"

func (o *fmtOptions) read(path string) (name string, src []byte, diags hcl.Diagnostics) {
	if path != stdin {
		src, diags = lang.ReadSource(path, lang.LoadOptions{})
		return path, src, diags
	}
	// One byte more than is accepted, so that too much is noticed and not kept.
	limited := io.LimitReader(o.In, lang.DefaultMaxFileBytes+1)
	name = stdinName
	src, diags = lang.ReadSource(name, lang.LoadOptions{ReadFile: func(string) ([]byte, error) { return io.ReadAll(limited) }})
	return name, src, diags
}

// print writes what there is to see of a file: its difference, or else its name where it is to be rewritten, and of
// standard input the canonical form.
func (o *fmtOptions) print(name string, src, formatted []byte, differs bool) error {
	var err error
	switch {
	case o.JSON:
	case o.Diff && differs:
		_, err = o.Out.Write(diff.Diff(name, src, name, formatted))
	case name == stdinName && !o.Check && !o.Diff:
		_, err = o.Out.Write(formatted)
	case name != stdinName && differs:
		_, err = fmt.Fprintln(o.Out, name)
	}
	return err
}

// replaceFile writes a file in one step, so that nobody ever reads half of it. It keeps the mode, and follows a symlink.
func replaceFile(path string, content []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".runbook-fmt-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(info.Mode().Perm()), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
