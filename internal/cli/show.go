package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/view"
)

type showOptions struct {
	*Program
	Store, Run  string
	JSON, Times bool
}

func newShow(p *Program) *cobra.Command {
	o := &showOptions{Program: p}
	cmd := &cobra.Command{
		Use: "show RUN", Short: "Show a run of the past with its evidence",
		Long:              "Shows a run as apply showed it. RUN is an id from \"runbook runs\", or the beginning of one.",
		Example:           "  runbook show 01JD3V7C\n  runbook show 01JD3V7C --times\n  runbook show 01JD3V7C --json | jq 'select(.type == \"check\")'",
		Args:              exactly("RUN"),
		ValidArgsFunction: p.runArgument(&o.Store, nil, nil),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Run = args[0]
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print the event stream, one JSON object a line")
	cmd.Flags().BoolVar(&o.Times, "times", false, "begin each line with the time")
	storeFlag(cmd, &o.Store)
	return cmd
}

func (o *showOptions) run(ctx context.Context) (err error) {
	history, err := o.openHistory(ctx, o.Store, journal.ReadOnly)
	if err != nil {
		return err
	}
	if history == nil {
		return fmt.Errorf("there is no run %q: no run was kept yet", o.Run)
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	var v view.View
	if o.JSON {
		v = view.NewJSON(o.Out)
	} else {
		v = view.NewText(o.Out, o.viewConfig(o.Times))
	}
	shown, over := false, false
	for entry, err := range history.Events(ctx, o.Run) {
		if errors.Is(err, journal.ErrNotFound) {
			return noSuchRun(o.Run)
		}
		if err != nil && !shown {
			return errors.Join(v.Close(), damageHint(err, o.Store))
		}
		if err != nil {
			return errors.Join(v.Close(), fmt.Errorf("the rest of the run can't be shown: %w", damageHint(err, o.Store)))
		}
		v.Event(entry)
		shown = true
		over = entry.Event.Type == run.RunFinished || entry.Event.Type == run.RunPaused
	}
	if err := v.Close(); err != nil {
		return err
	}
	if !over {
		o.say("The run has not ended, or the program that ran it is gone.")
	}
	return nil
}
