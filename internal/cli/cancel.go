package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

type cancelOptions struct {
	*Program
	Store, Run, Wait, LockTimeout string
	AutoApprove, JSON, Times      bool
}

func newCancel(p *Program) *cobra.Command {
	o := &cancelOptions{Program: p}
	cmd := &cobra.Command{
		Use: "cancel RUN", Short: "Stop a run, as Ctrl-C would: one that another process runs, that is paused, or that broke off",
		Long: "Asks the process that runs a run to stop it: nothing new starts, reads are cancelled, writes in flight end within their timeout.\n" +
			"The command waits until the run has stopped.\n" +
			"A run that no process runs, because it is paused or broke off, is ended here: what waits is cancelled, the undos that are due run,\n" +
			"after a question, and its locks are free. A write in doubt stays in doubt, and the exit status is 4.\n" +
			"A run that was stopped can be resumed.",
		Example: "  runbook cancel 01JD3V7C\n  runbook cancel 01JD3V7C --wait 5m",
		Args:    exactly("RUN"), ValidArgsFunction: p.runArgument(&o.Store, goesOn, nil),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Run = args[0]
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&o.Wait, "wait", "1m", "how long to wait for the run to stop, a `DURATION`; 0s: not at all")
	flags := cmd.Flags()
	flags.BoolVar(&o.AutoApprove, "auto-approve", false, "don't ask before the undos of a run that no process runs")
	flags.BoolVar(&o.JSON, "json", false, "print the event stream of ending such a run, one JSON object a line")
	flags.BoolVar(&o.Times, "times", false, "begin each line with the time")
	lockFlag(cmd, &o.LockTimeout)
	storeFlag(cmd, &o.Store)
	return cmd
}

func (o *cancelOptions) run(ctx context.Context) error {
	wait, err := provider.ParseDuration(o.Wait)
	if err != nil || wait < 0 {
		return fmt.Errorf("--wait %q is not a duration such as 30s", o.Wait)
	}
	lockTimeout, err := parseLockTimeout(o.LockTimeout)
	if err != nil {
		return err
	}
	history, err := o.openRun(ctx, o.Store, o.Run, journal.ReadWrite)
	if err != nil {
		return err
	}
	s, held, err := o.look(ctx, history)
	if err == nil && held == nil {
		o.Run = s.ID
		return o.giveUp(ctx, history, lockTimeout)
	}
	if err == nil {
		err = o.ask(ctx, history, s, held, wait)
	}
	return errors.Join(err, history.Close())
}

// look finds the run and the process that runs it; nil: none does.
func (o *cancelOptions) look(ctx context.Context, history journal.Journal) (*story, *journal.Lock, error) {
	s, err := readStory(ctx, history, o.Run)
	if err != nil {
		return nil, nil, err
	}
	held, err := holder(ctx, history, s.ID)
	if err == nil && s.Last.Type == run.RunFinished {
		err = o.hasEnded(s)
	}
	return s, held, err
}

// hasEnded says why there is nothing to stop.
func (o *cancelOptions) hasEnded(s *story) error {
	if len(s.Undid) == 0 {
		return fmt.Errorf("run %s has ended; there is nothing to stop", s.ID)
	}
	return fmt.Errorf("run %s broke off, and the undo of %s ended it at %s; there is nothing to stop. What was undone or did not end runs again with: %s",
		s.ID, strings.Join(s.Undid, ", "), provider.Moment(s.Last.Time), o.command("resume "+s.ID))
}

// ask has the process that runs the run stop it.
func (o *cancelOptions) ask(ctx context.Context, history journal.Journal, s *story, held *journal.Lock, wait time.Duration) error {
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
	undoes := len(s.Undoing) > 0
	for !s.over() {
		select {
		case <-ctx.Done():
			if s.Stopping {
				return &exitError{status: ExitFailed, message: fmt.Sprintf("run %s is stopping, and what is under way has not ended after %s; follow it with: %s", s.ID, o.Wait, o.command("watch "+s.ID))}
			}
			return &exitError{status: ExitFailed, message: fmt.Sprintf("process %d on %s has not reacted after %s; it may be stuck: look at it there", held.Owner.PID, held.Owner.Host, o.Wait)}
		case <-ticker.C:
		}
		err := s.read(ctx, history, s.ID, func(e journal.Entry) {
			if e.Event.Type == run.RunResumed {
				undoes = len(s.Undoing) > 0
			}
			if e.Event.Type == run.RunStopping && e.Event.Step == "" {
				o.say("Run %s is stopping.", s.ID)
			}
		})
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	o.say("%s", o.hasStopped(s, undoes))
	return nil
}

// hasStopped says how a run is left whose process was told to stop; undoes says that this only took steps back.
func (o *cancelOptions) hasStopped(s *story, undoes bool) string {
	interrupted := s.Last.ExitStatus != nil && *s.Last.ExitStatus == ExitInterrupted
	switch {
	case undoes && s.Last.Type == run.RunPaused && s.Last.Undoable > 0:
		return fmt.Sprintf("The undos of run %s were stopped, and the run is still paused. Those that are left run with: %s; end it with: %s", s.ID, o.command("undo "+s.ID), o.command("cancel "+s.ID))
	case undoes && s.Last.Type == run.RunPaused:
		return fmt.Sprintf("The undos of run %s were stopped, and the run is still paused. End it with: %s", s.ID, o.command("cancel "+s.ID))
	case undoes && interrupted && s.Last.Undoable > 0:
		return fmt.Sprintf("The undos of run %s were stopped. Those that are left run with: %s", s.ID, o.command("undo "+s.ID))
	case interrupted:
		return fmt.Sprintf("Run %s has stopped. It goes on with: %s", s.ID, o.command("resume "+s.ID))
	}
	return fmt.Sprintf("Run %s has ended.", s.ID)
}
