package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

type cancelOptions struct {
	*Program
	Store, Run, Wait string
}

func newCancel(p *Program) *cobra.Command {
	o := &cancelOptions{Program: p}
	cmd := &cobra.Command{
		Use: "cancel RUN", Short: "Stop a run that another process runs, as Ctrl-C would",
		Long: "Asks the process that runs a run to stop it: nothing new starts, reads are cancelled, writes in flight end within their timeout.\n" +
			"The command waits until the run has stopped. A run that was stopped can be resumed.",
		Example: "  runbook cancel 01JD3V7C\n  runbook cancel 01JD3V7C --wait 5m",
		Args:    exactly("RUN"), ValidArgsFunction: p.runArgument(&o.Store, goesOn, nil),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Run = args[0]
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&o.Wait, "wait", "1m", "how long to wait for the run to stop, a `DURATION`; 0s: not at all")
	storeFlag(cmd, &o.Store)
	return cmd
}

func (o *cancelOptions) run(ctx context.Context) (err error) {
	wait, err := provider.ParseDuration(o.Wait)
	if err != nil || wait < 0 {
		return fmt.Errorf("--wait %q is not a duration such as 30s", o.Wait)
	}
	history, err := o.openRun(ctx, o.Store, o.Run, journal.ReadWrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	s, err := readStory(ctx, history, o.Run)
	if err != nil {
		return err
	}
	held, err := holder(ctx, history, s.ID)
	if err != nil {
		return err
	}
	switch {
	case s.Last.Type == run.RunFinished:
		return fmt.Errorf("run %s has ended; there is nothing to stop", s.ID)
	case held == nil:
		return fmt.Errorf("no process runs run %s; there is nothing to stop. It goes on with: runbook resume %[1]s", s.ID)
	}
	if err := history.Send(ctx, s.ID, journal.Message{Kind: journal.MessageCancel, At: o.Now().UTC(), By: o.User}); err != nil {
		return fmt.Errorf("the run was not told to stop: %w", err)
	}
	if wait == 0 {
		o.say("Process %d on %s was told to stop run %s.", held.Owner.PID, held.Owner.Host, s.ID)
		return nil
	}
	return o.follow(ctx, history, s, held, wait)
}

// follow waits until the run has stopped.
func (o *cancelOptions) follow(ctx context.Context, history journal.Journal, s *story, held *journal.Lock, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for !s.over() {
		select {
		case <-ctx.Done():
			if s.Stopping {
				return &exitError{status: ExitFailed, message: fmt.Sprintf("run %s is stopping, and what is under way has not ended after %s; follow it with: runbook watch %[1]s", s.ID, o.Wait)}
			}
			return &exitError{status: ExitFailed, message: fmt.Sprintf("process %d on %s has not reacted after %s; it may be stuck: look at it there", held.Owner.PID, held.Owner.Host, o.Wait)}
		case <-ticker.C:
		}
		err := s.read(ctx, history, s.ID, func(e journal.Entry) {
			if e.Event.Type == run.RunStopping && e.Event.Step == "" {
				o.say("Run %s is stopping.", s.ID)
			}
		})
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	if s.Last.ExitStatus != nil && *s.Last.ExitStatus == ExitInterrupted {
		o.say("Run %s has stopped. It goes on with: runbook resume %[1]s", s.ID)
		return nil
	}
	o.say("Run %s has ended.", s.ID)
	return nil
}
