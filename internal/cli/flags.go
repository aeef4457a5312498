package cli

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/e82355ed/runbook/engine/lang"
)

// nearestFlag is the end of a sentence that says that a flag is not there.
func nearestFlag(cmd *cobra.Command, name string) string {
	var names []string
	visit := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(visit)
	cmd.InheritedFlags().VisitAll(visit)
	if s := lang.Suggest(name, names); s != "" {
		return "; did you mean --" + s + "?"
	}
	return "."
}

// runbookFiles completes the names of runbook files.
func runbookFiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"hcl", "json"}, cobra.ShellCompDirectiveFilterFileExt
}

// manyFiles completes any number of files and folders.
func manyFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// isRunbookFile reports whether a file found in a folder may be a runbook: not a workspace and not a test.
func isRunbookFile(path string) bool {
	base := filepath.Base(path)
	if lang.IsWorkspace(path) || strings.HasSuffix(base, ".test.hcl") {
		return false
	}
	return strings.HasSuffix(base, ".hcl") || strings.HasSuffix(base, ".hcl.json")
}

// jsonFlag declares --json.
func jsonFlag(cmd *cobra.Command, to *bool, what string) {
	cmd.Flags().BoolVar(to, "json", false, "print "+what+" as JSON")
}
