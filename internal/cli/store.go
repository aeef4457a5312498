package cli

import (
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"
)

// storeFlag declares --store.
func storeFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "store", "", "`FILE` with the history of runs (default $XDG_STATE_HOME/runbook/runs.db, else ~/.local/state/runbook/runs.db)")
}

// storePath is where the history of runs is kept.
func (p *Program) storePath(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	// The XDG base directory specification: a relative path is to be ignored.
	if state := p.env("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "runbook", "runs.db"), nil
	}
	if p.HomeDir == "" {
		return "", errors.New("there is no home folder for the history of runs; name a file with --store FILE")
	}
	return filepath.Join(p.HomeDir, ".local", "state", "runbook", "runs.db"), nil
}
