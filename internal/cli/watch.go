package cli

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/internal/view"
)

type watchOptions struct {
	*Program
	Store, Run  string
	JSON, Times bool
	// doing is what the last session does.
	doing view.Doing
}

func newWatch(p *Program) *cobra.Command {
	o := &watchOptions{Program: p}
	cmd := &cobra.Command{
		Use: "watch RUN", Short: "Follow a run that another process runs",
		Long: "Shows a run as apply does, from its beginning and while it goes on, and ends with the run's exit status. Ctrl-C ends the watching\n" +
			"alone (exit status 3); \"runbook cancel\" stops a run.",
		Example: "  runbook watch 01JD3V7C\n  runbook watch 01JD3V7C --json | jq 'select(.type == \"step_waiting\")'",
		Args:    exactly("RUN"), ValidArgsFunction: p.runArgument(&o.Store, nil, nil),
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

func (o *watchOptions) run(ctx context.Context) (err error) {
	history, err := o.openRun(ctx, o.Store, o.Run, journal.ReadOnly)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	// An id that is not there is told before anything is drawn.
	s := &story{}
	var begun []journal.Entry
	if err := s.read(ctx, history, o.Run, func(e journal.Entry) { begun = append(begun, e) }); err != nil {
		return err
	}
	ctx, left := context.WithCancel(ctx)
	signals, restore := o.Signals()
	var leaving sync.WaitGroup
	leaving.Go(func() {
		select {
		case <-signals:
			left() // also from a store that does not answer
		case <-ctx.Done():
		}
	})
	defer func() { left(); leaving.Wait(); restore() }()
	v := o.stage(o.JSON, o.Times, false)
	for _, e := range begun {
		o.shows(v, e)
	}
	ended, err := o.follow(ctx, history, s, v)
	if err != nil && ctx.Err() != nil {
		ended, err = watchLeft, nil
	}
	if closeErr := v.Close(); err == nil {
		err = closeErr
	}
	switch {
	case err != nil:
		return err
	case ended == watchedToTheEnd:
		return exit(*s.Last.ExitStatus)
	case ended == watchLeft:
		o.say("The run goes on; only the watching has ended. \"%s\" stops it.", o.command("cancel "+s.ID))
	case ended == watchBrokenOff:
		o.say("No process runs the run any more, and it has not ended; %s", strings.Join(view.Next(s.ID, o.doing, nil, o.viewConfig(false)), "; "))
	}
	return exit(ExitInterrupted)
}

// shows shows an event.
func (o *watchOptions) shows(v *stage, e journal.Entry) {
	o.doing.See(e.Event)
	v.Event(e)
}

// watchEnd is why the watching ended.
type watchEnd uint8

const (
	watchedToTheEnd watchEnd = iota
	watchLeft
	watchBrokenOff
)

// silence is after how many looks without anything new somebody asks whether the run still goes on.
const silence = 7

// follow shows what is new until the run has ended or is given up.
func (o *watchOptions) follow(ctx context.Context, history journal.Journal, s *story, v *stage) (watchEnd, error) {
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	quiet := 0
	for {
		if s.over() && s.Last.ExitStatus != nil {
			return watchedToTheEnd, nil
		}
		if quiet >= silence {
			held, err := holder(ctx, history, s.ID)
			if err != nil {
				return 0, err
			}
			if held == nil {
				return watchBrokenOff, nil
			}
			quiet = 0
		}
		select {
		case <-ctx.Done():
			return watchLeft, nil
		case <-ticker.C:
		}
		quiet++
		if err := s.read(ctx, history, s.ID, func(e journal.Entry) { quiet = 0; o.shows(v, e) }); err != nil {
			return 0, err
		}
	}
}
