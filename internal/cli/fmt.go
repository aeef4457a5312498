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
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"
)

type fmtOptions struct {
	*Program
	Paths       []string
	Check, Diff bool
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
	return cmd
}

func (o *fmtOptions) run(ctx context.Context) error {
	files, diags := findFiles(o.Paths, func(path string) bool { return strings.HasSuffix(path, ".hcl") }, "HCL files")
	sources := map[string]*hcl.File{}
	changed := false
	for _, path := range files {
		if strings.HasSuffix(path, ".json") {
			continue
		}
		differs, problems, err := o.file(ctx, path, sources)
		if err != nil {
			diags = append(diags, problem("Unreadable file", "%v", err))
		}
		diags = append(diags, problems...)
		changed = changed || differs
	}
	if err := o.printDiagnostics(diags, sources); err != nil {
		return err
	}
	if o.Check && changed {
		return exit(ExitFailed)
	}
	return nil
}

// file formats one file and reports whether it was not in canonical form.
func (o *fmtOptions) file(_ context.Context, path string, sources map[string]*hcl.File) (bool, hcl.Diagnostics, error) {
	name, src, err := o.read(path)
	if err != nil {
		return false, nil, err
	}
	text := bytes.TrimPrefix(src, []byte("\ufeff"))
	file, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if diags.HasErrors() {
		if file == nil {
			file = &hcl.File{}
		}
		file.Bytes = text
		sources[name] = file
		return false, diags, nil
	}
	formatted := hclwrite.Format(text)
	differs := !bytes.Equal(src, formatted)
	if o.Diff && differs {
		if _, err := o.Out.Write(diff.Diff(name, src, name, formatted)); err != nil {
			return differs, nil, err
		}
	}
	return differs, nil, o.write(path, name, formatted, differs)
}

func (o *fmtOptions) read(path string) (name string, src []byte, err error) {
	if path == "-" {
		src, err = io.ReadAll(o.In)
		return "<stdin>", src, err
	}
	src, err = os.ReadFile(path)
	return path, src, err
}

// write puts the canonical form where it belongs: standard input's to standard output, a file's in its place.
func (o *fmtOptions) write(path, name string, formatted []byte, differs bool) error {
	if path == "-" {
		if o.Check || o.Diff {
			return nil
		}
		_, err := o.Out.Write(formatted)
		return err
	}
	if !differs {
		return nil
	}
	if !o.Check {
		if err := replaceFile(path, formatted); err != nil {
			return err
		}
	}
	if o.Diff {
		return nil
	}
	_, err := fmt.Fprintln(o.Out, name)
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
