package cli

import (
	"context"
	"encoding/json"
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
	reports     reports
}

func newShow(p *Program) *cobra.Command {
	o := &showOptions{Program: p}
	cmd := &cobra.Command{
		Use: "show RUN", Short: "Show a run of the past with its evidence",
		Long: "Shows a run as apply showed it. RUN is an id from \"runbook runs\", or the beginning of one.",
		Example: "  runbook show 01JD3V7C\n  runbook show 01JD3V7C --times\n  runbook show 01JD3V7C --json | jq 'select(.type == \"check\")'\n" +
			"  runbook show 01JD3V7C --report markdown=run.md",
		Args:              exactly("RUN"),
		ValidArgsFunction: p.runArgument(&o.Store, nil, nil),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Run = args[0]
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print the event stream, one JSON object a line")
	cmd.Flags().BoolVar(&o.Times, "times", false, "begin each line with the time")
	o.reports.declare(cmd)
	storeFlag(cmd, &o.Store)
	return cmd
}

func (o *showOptions) run(ctx context.Context) (err error) {
	if err := o.reports.parse(o.Program); err != nil {
		return err
	}
	history, err := o.openHistory(ctx, o.Store, journal.ReadOnly)
	if err != nil {
		return err
	}
	if history == nil {
		return fmt.Errorf("there is no run %q: no run was kept yet", o.Run)
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	var v view.View = view.NewJSON(o.bareOut, o.redactor.Bytes)
	text := view.NewText(o.Out, o.viewConfig(o.Times))
	if !o.JSON {
		v = text
	}
	outstanding, told := &run.Outstanding{}, &story{}
	last, err := o.tell(ctx, history, v, func(e *run.Event) {
		outstanding.See(e)
		told.take(e)
	})
	if err != nil || last == nil {
		return errors.Join(v.Close(), err)
	}
	err = told.takeGiven(ctx, history)
	for i := range told.Waits {
		if w := &told.Waits[i]; w.Given != nil {
			text.Given(w.Step, w.Given.answer())
			o.reports.given(w.Step, w.Given.answer())
		}
	}
	v.Event(*last)
	switch last.Event.Type {
	case run.RunFinished:
	case run.RunPaused:
		err = errors.Join(err, o.answered(told))
	default:
		err = errors.Join(err, o.notOver(ctx, history, told, outstanding, text))
	}
	return o.reports.written(o.Program, errors.Join(v.Close(), err))
}

// tell shows all events but the last, which it gives: an event is shown once the next one is read, as what was answered since is told with
// the end of a session.
func (o *showOptions) tell(ctx context.Context, history journal.Journal, v view.View, on func(*run.Event)) (last *journal.Entry, err error) {
	for entry, err := range history.Events(ctx, o.Run) {
		if errors.Is(err, journal.ErrNotFound) {
			return nil, noSuchRun(o.Run)
		}
		if last != nil {
			v.Event(*last)
		}
		if err != nil && last == nil {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("the rest of the run can't be shown: %w", err)
		}
		o.reports.see(entry)
		if last == nil {
			if err := o.reports.spare(o.Program, nil, nil); err != nil {
				return nil, err
			}
		}
		last = &entry
		on(entry.Event)
	}
	return last, nil
}

// answersWait is the last line of a run that goes on with the answers that were given since. It is no event of the history: the run
// has not taken them in.
type answersWait struct {
	V       int             `json:"v"`
	Run     string          `json:"run"`
	Type    string          `json:"type"`
	Answers []answerOfAStep `json:"answers"`
}

type answerOfAStep struct {
	Step string `json:"step"`
	givenAnswer
}

// answered tells of the answers that a run has not taken in, in the stream of events; a person has read of them with the pause.
func (o *showOptions) answered(s *story) error {
	line := answersWait{V: run.Version, Run: s.ID, Type: "answers_wait"}
	for i := range s.Waits {
		if w := &s.Waits[i]; w.Given != nil {
			line.Answers = append(line.Answers, answerOfAStep{w.Step, *w.Given})
		}
	}
	if line.Answers == nil || !o.JSON {
		return nil
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = o.bareOut.Write(append(o.redactor.Bytes(text), '\n'))
	return err
}

// notOver ends the story of a run that has no end: a process goes on with it, or is gone.
func (o *showOptions) notOver(ctx context.Context, history journal.Journal, s *story, left *run.Outstanding, text *view.Text) error {
	id := s.ID
	held, err := holder(ctx, history, id)
	switch {
	case err != nil:
		return err
	case held != nil:
		o.reports.goesOn()
		o.say("The run goes on: process %d on %s runs it. Follow it with: %s", held.Owner.PID, held.Owner.Host, o.command("watch "+id))
	case o.JSON:
		line, err := json.Marshal(brokenOff{V: run.Version, Run: id, Type: "run_interrupted", Left: left.Left()})
		if err != nil {
			return err
		}
		_, err = o.bareOut.Write(append(line, '\n'))
		return errors.Join(err, o.answered(s))
	default:
		text.BrokenOff(id, left.Left())
	}
	return nil
}

// brokenOff is the last line of a run that broke off. It is no event of the history: nobody was there to write one.
type brokenOff struct {
	V    int        `json:"v"`
	Run  string     `json:"run"`
	Type string     `json:"type"`
	Left []run.Left `json:"left,omitempty"`
}
