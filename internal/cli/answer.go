package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/view"
)

type answerOptions struct {
	*Program
	Store, Run, Step string
	// Value is nil where the person is asked for it.
	Value     *string
	Note      string
	ItemNotes []string
	JSON      bool
}

func newAnswer(p *Program) *cobra.Command {
	o := &answerOptions{Program: p}
	cmd := &cobra.Command{
		Use: "answer RUN [STEP [VALUE]]", Short: "Approve, confirm or answer a step that waits for a person",
		Long: "Answers a step from elsewhere than the terminal of the run. Without STEP it lists what waits; without VALUE it asks, showing\n" +
			"what an approval is about. VALUE is yes or no for an approval and a confirmation; all, none, or items by number or text with\n" +
			"commas between for a checklist; the value for an input. The answer is kept with the run: a process that runs it goes on at\n" +
			"once, a paused run when it is resumed. A sensitive value is no argument, which others could see: it is typed without being\n" +
			"shown, or read from standard input. A VALUE that begins with \"-\", such as a number below zero, comes last, behind \"--\".",
		Example: "  runbook answer 01JD3V7C\n  runbook answer 01JD3V7C restart\n  runbook answer 01JD3V7C restart yes --note \"seen the graphs\"\n" +
			"  runbook answer 01JD3V7C offset -- -5\n" +
			"  runbook answer 01JD3V7C handover 1,3 --item-note \"3=will call back\"\n" +
			"  pass show db/password | runbook answer 01JD3V7C password",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("RUN is missing\nUsage: %s", cmd.UseLine())
			}
			if len(args) > 3 {
				return fmt.Errorf("%q is too many: quote a VALUE that has spaces\nUsage: %s", args[3], cmd.UseLine())
			}
			return nil
		},
		ValidArgsFunction: p.runArgument(&o.Store, waitsForPeople, o.complete),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Run = args[0]
			if len(args) > 1 {
				o.Step = args[1]
			}
			if len(args) > 2 {
				o.Value = &args[2]
			}
			return o.run(cmd.Context())
		},
	}
	cmd.SetFlagErrorFunc(belowZero)
	cmd.Flags().StringVar(&o.Note, "note", "", "`TEXT` that is kept with the answer")
	cmd.Flags().StringArrayVar(&o.ItemNotes, "item-note", nil, "a note on an item of a checklist, `ITEM=TEXT` with its number or text (repeatable)")
	jsonFlag(cmd, &o.JSON, "what waits, or what was answered,")
	storeFlag(cmd, &o.Store)
	return cmd
}

// belowZero explains that a number below zero was taken for a flag.
func belowZero(cmd *cobra.Command, err error) error {
	var none *pflag.NotExistError
	if errors.As(err, &none) {
		value := none.GetSpecifiedShortnames()
		if _, notOne := strconv.ParseFloat(value, 64); notOne == nil {
			return fmt.Errorf("-%s is taken for a flag; a value that begins with \"-\" comes last, behind \"--\": %s RUN STEP -- -%[1]s", value, cmd.CommandPath())
		}
	}
	return flagError(cmd, err)
}

func (o *answerOptions) run(ctx context.Context) (err error) {
	history, err := o.openRun(ctx, o.Store, o.Run, journal.ReadWrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	s, err := o.story(ctx, history)
	if err != nil {
		return err
	}
	if o.Step == "" {
		return o.list(ctx, history, s)
	}
	w, err := o.find(ctx, history, s)
	if err != nil {
		return err
	}
	if err := o.mayBeSealed(ctx, history, s, w); err != nil {
		return err
	}
	answer, err := o.answer(ctx, history, s, w)
	if err != nil {
		return err
	}
	if err := w.Question.Distinct(answer.Value); err != nil {
		return fmt.Errorf("%s: %w", w.Step, err)
	}
	if s, w, err = o.stillAsked(ctx, history, w); err != nil {
		return err
	}
	answer.By, answer.Via, answer.Digest, answer.ID = o.User, run.ViaCommand, w.Question.Digest, rand.Text()
	m := journal.Message{Kind: journal.MessageAnswer, Step: w.Step, Answer: answer, At: o.Now().UTC(), By: o.User}
	if err := o.inTime(ctx, history, s, w, m.At); err != nil {
		return err // it was over while a person typed
	}
	if w.Question.Sensitive {
		if m, err = o.sealed(m); err != nil {
			return err
		}
	}
	if err := history.Send(ctx, s.ID, m); err != nil {
		return fmt.Errorf("the answer was not kept: %w", err)
	}
	if err := o.counts(ctx, history, s, w, answer.ID); err != nil {
		return err
	}
	return o.report(ctx, history, s, w, m)
}

// story is what the history tells of the run by now.
func (o *answerOptions) story(ctx context.Context, history journal.Journal) (*story, error) {
	s, err := readStory(ctx, history, o.Run)
	if err != nil {
		return nil, err
	}
	held, err := holder(ctx, history, s.ID)
	if err == nil && held == nil {
		s.brokenOff()
	}
	return s, err
}

// find gives the step that is to be answered, by somebody who may, for the first time.
func (o *answerOptions) find(ctx context.Context, history journal.Journal, s *story) (*waitingStep, error) {
	if err := s.takeGiven(ctx, history); err != nil {
		return nil, err
	}
	i := s.waits(o.Step)
	if w := s.later(o.Step); i < 0 && w != nil {
		return nil, fmt.Errorf("%s %s", w.Step, o.askedAgain(s, w))
	}
	if i < 0 {
		return nil, o.doesNotWait(s)
	}
	w := &s.Waits[i]
	if !w.Question.MayAnswer(o.User) {
		return nil, fmt.Errorf("%s may not answer %s: only %s may", o.User, w.Step, strings.Join(w.Question.Approvers, ", "))
	}
	switch {
	case len(s.Undoing) > 0:
		return nil, o.undoneMeanwhile(ctx, history, s)
	case w.AskedAgain:
		return nil, fmt.Errorf("%s %s", w.Step, o.askedAgain(s, w))
	case w.Given != nil:
		return nil, o.wasGiven(ctx, history, s, w)
	}
	return w, o.inTime(ctx, history, s, w, o.Now())
}

// isOver reports whether nobody could answer any more at a moment.
func (w *waitingStep) isOver(at time.Time) bool {
	over := w.over()
	return !over.IsZero() && at.After(over)
}

// over is when nobody can answer any more; zero: never.
func (w *waitingStep) over() time.Time {
	if w.Deadline == nil || w.Question.OnTimeout == "escalate" {
		return time.Time{}
	}
	return *w.Deadline
}

func (o *answerOptions) doesNotWait(s *story) error {
	var names, given []string
	for _, w := range s.Waits {
		if w.Given != nil {
			given = append(given, w.Step)
			continue
		}
		names = append(names, w.Step)
	}
	answered, was := s.Answered[o.Step]
	switch {
	case was:
		return fmt.Errorf("step %s does not wait for a person: %s answered it at %s", lang.Quoted(o.Step), answered.By, provider.Moment(answered.At))
	case s.Last.Type == run.RunFinished:
		return fmt.Errorf("step %s does not wait for a person: run %s has ended", lang.Quoted(o.Step), s.ID)
	case len(names) == 0 && len(given) > 0:
		return fmt.Errorf("step %s does not wait for a person. Run %s asks nobody any more: it was answered (%s), and has yet to go on with that",
			lang.Quoted(o.Step), s.ID, strings.Join(given, ", "))
	case len(names) == 0:
		return fmt.Errorf("step %s does not wait for a person, and no other step of run %s does", lang.Quoted(o.Step), s.ID)
	case s.Steps[o.Step]:
		return fmt.Errorf("step %s does not wait for a person; these do: %s", lang.Quoted(o.Step), strings.Join(names, ", "))
	}
	return fmt.Errorf("run %s has no step %s that waits%s These wait: %s", s.ID, lang.Quoted(o.Step), didYouMean(o.Step, names), strings.Join(names, ", "))
}

// answered is what --json prints.
type answered struct {
	Run    string          `json:"run"`
	Step   string          `json:"step"`
	Value  json.RawMessage `json:"value"`
	Note   string          `json:"note,omitempty"`
	By     string          `json:"by"`
	At     time.Time       `json:"at"`
	Taken  bool            `json:"running"`
	Resume string          `json:"resume,omitempty"`
}

// plainAnswer is an answer in the words in which it is given.
func plainAnswer(value json.RawMessage) string {
	switch text := string(value); text {
	case "true":
		return "yes"
	case "false":
		return "no"
	default:
		return text
	}
}

// report says who takes the answer in.
func (o *answerOptions) report(ctx context.Context, history journal.Journal, s *story, w *waitingStep, m journal.Message) error {
	goesOn, running, err := o.takesIn(ctx, history, s)
	if err != nil {
		return err
	}
	if o.JSON {
		out := answered{Run: s.ID, Step: m.Step, Value: m.Answer.Value, Note: m.Answer.Note, By: m.By, At: m.At, Taken: running}
		if !running {
			out.Resume = o.command("resume " + s.ID)
		}
		return o.printJSON(out)
	}
	lines := []string{fmt.Sprintf("%s: %s is kept.", m.Step, plainAnswer(m.Answer.Value))}
	if o.Value != nil { // what the form asked about stands above it
		lines = append(lines, o.about(w)...)
	}
	return o.printLines(append(lines, goesOn)...)
}

// about says what an approval was given, or denied, for: it may be another by now than who gave it has listed.
func (o *answerOptions) about(w *waitingStep) []string {
	if w.Question.Kind != run.AskApproval {
		return nil
	}
	var lines []string
	for _, line := range view.About(w.Question, o.viewConfig(false)) {
		lines = append(lines, "  "+line.Text)
	}
	return lines
}
