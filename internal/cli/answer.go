package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/form"
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
			"once, a paused run when it is resumed.",
		Example: "  runbook answer 01JD3V7C\n  runbook answer 01JD3V7C restart\n  runbook answer 01JD3V7C restart yes --note \"seen the graphs\"\n" +
			"  runbook answer 01JD3V7C handover 1,3 --item-note \"3=will call back\"",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("RUN is missing\nUsage: %s", cmd.UseLine())
			}
			if len(args) > 3 {
				return fmt.Errorf("%q is too many: quote a VALUE that has spaces\nUsage: %s", args[3], cmd.UseLine())
			}
			return nil
		},
		ValidArgsFunction: p.runArgument(&o.Store, goesOn, o.complete),
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
	cmd.Flags().StringVar(&o.Note, "note", "", "`TEXT` that is kept with the answer")
	cmd.Flags().StringArrayVar(&o.ItemNotes, "item-note", nil, "a note on an item of a checklist, `ITEM=TEXT` with its number or text (repeatable)")
	jsonFlag(cmd, &o.JSON, "what waits, or what was answered,")
	storeFlag(cmd, &o.Store)
	return cmd
}

func (o *answerOptions) run(ctx context.Context) (err error) {
	history, err := o.openRun(ctx, o.Store, o.Run, journal.ReadWrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	s, err := readStory(ctx, history, o.Run)
	if err != nil {
		return err
	}
	if o.Step == "" {
		return o.list(s)
	}
	w, err := o.find(ctx, history, s)
	if err != nil {
		return err
	}
	answer, err := o.answer(ctx, history, s, w)
	if err != nil {
		return err
	}
	answer.By, answer.Via, answer.Digest = o.User, run.ViaCommand, w.Question.Digest
	m := journal.Message{Kind: journal.MessageAnswer, Step: w.Step, Answer: answer, At: o.Now().UTC(), By: o.User}
	if err := history.Send(ctx, s.ID, m); err != nil {
		return fmt.Errorf("the answer was not kept: %w", err)
	}
	return o.report(ctx, history, s, m)
}

// list shows what waits for a person.
func (o *answerOptions) list(s *story) error {
	if o.JSON {
		return o.printJSON(append([]waitingStep{}, s.Waits...))
	}
	if len(s.Waits) == 0 {
		o.say("Nothing in run %s waits for a person.", s.ID)
		return nil
	}
	var lines []string
	for i := range s.Waits {
		lines = append(lines, o.describe(s, &s.Waits[i], o.OutTerminal)...)
	}
	return o.printLines(lines...)
}

// describe says what a step waits for.
func (o *answerOptions) describe(s *story, w *waitingStep, terminal bool) []string {
	look := o.viewConfig(false)
	look.Palette = o.palette(terminal)
	lines := []string{look.Palette.Strong(w.Step) + " " + view.Waiting(w.For, w.Question, w.Deadline, o.Now(), look)}
	for _, line := range view.Question(w.Question, look) {
		text := line.Text
		if line.Paint != nil {
			text = line.Paint(text)
		}
		lines = append(lines, "  "+text)
	}
	for _, level := range view.Levels(w.Question, w.Since, w.Deadline, 0, o.Now(), look) {
		lines = append(lines, "  "+level)
	}
	return append(lines, "  runbook answer "+s.ID+" "+view.Quote(w.Step)+" "+view.Takes(w.Question))
}

// find gives the step that is to be answered, by somebody who may, for the first time.
func (o *answerOptions) find(ctx context.Context, history journal.Journal, s *story) (*waitingStep, error) {
	i := slices.IndexFunc(s.Waits, func(w waitingStep) bool { return w.Step == o.Step })
	if i < 0 {
		return nil, o.doesNotWait(s)
	}
	w := &s.Waits[i]
	if !w.Question.MayAnswer(o.User) {
		return nil, fmt.Errorf("%s may not answer %s: only %s may", o.User, w.Step, strings.Join(w.Question.Approvers, ", "))
	}
	if over := w.over(); !over.IsZero() && o.Now().After(over) {
		return nil, fmt.Errorf("the time to answer %s was over at %s; what happens then takes place when the run goes on", w.Step, over.Local().Format(time.DateTime))
	}
	messages, err := history.Messages(ctx, s.ID, 0)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		if m.Kind == journal.MessageAnswer && m.Step == w.Step && m.At.After(w.Since) && m.Answer != nil && m.Answer.Digest == w.Question.Digest {
			return nil, fmt.Errorf("%s was answered by %s at %s; the run takes that in when it goes on", w.Step, m.By, m.At.Local().Format(time.DateTime))
		}
	}
	return w, nil
}

// over is when nobody can answer any more; zero: never.
func (w *waitingStep) over() time.Time {
	if w.Deadline == nil || w.Question.OnTimeout == "escalate" {
		return time.Time{}
	}
	return *w.Deadline
}

func (o *answerOptions) doesNotWait(s *story) error {
	var names []string
	for _, w := range s.Waits {
		names = append(names, w.Step)
	}
	switch {
	case len(names) == 0:
		return fmt.Errorf("step %q does not wait for a person: nothing in run %s does", o.Step, s.ID)
	case slices.Contains(s.Steps, o.Step):
		return fmt.Errorf("step %q does not wait for a person; these do: %s", o.Step, strings.Join(names, ", "))
	}
	return fmt.Errorf("run %s has no step %q that waits%s These wait: %s", s.ID, o.Step, sentenceEnd(lang.DidYouMean(o.Step, names)), strings.Join(names, ", "))
}

func sentenceEnd(text string) string {
	if text == "" {
		return "."
	}
	return text
}

// answer takes the value from the command line, or asks for it.
func (o *answerOptions) answer(ctx context.Context, history journal.Journal, s *story, w *waitingStep) (*run.Answer, error) {
	if o.Value == nil {
		return o.ask(ctx, history, s, w)
	}
	value, err := w.Question.Parse(*o.Value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Step, err)
	}
	notes, err := o.itemNotes(w.Question)
	if err != nil {
		return nil, err
	}
	return &run.Answer{Value: value, Note: o.Note, Notes: notes}, nil
}

func (o *answerOptions) itemNotes(q *run.Question) (map[string]string, error) {
	if len(o.ItemNotes) == 0 {
		return nil, nil
	}
	if q.Kind != run.AskChecklist {
		return nil, errors.New("--item-note is for a checklist; --note goes with every answer")
	}
	notes := map[string]string{}
	for _, text := range o.ItemNotes {
		item, note, ok := cutItem(q, text)
		if !ok {
			return nil, fmt.Errorf("--item-note %q: write ITEM=TEXT with the number or the text of an item", text)
		}
		notes[item] = note
	}
	return notes, nil
}

// cutItem takes "item=note" apart; an item's text may have an = of its own.
func cutItem(q *run.Question, text string) (item, note string, ok bool) {
	for _, item := range q.Items {
		if note, ok := strings.CutPrefix(text, item+"="); ok {
			return item, note, true
		}
	}
	number, note, found := strings.Cut(text, "=")
	if n, err := strconv.Atoi(number); found && err == nil && n >= 1 && n <= len(q.Items) {
		return q.Items[n-1], note, true
	}
	return "", "", false
}

// ask shows the question at the terminal. It goes away when somebody else answers.
func (o *answerOptions) ask(ctx context.Context, history journal.Journal, s *story, w *waitingStep) (*run.Answer, error) {
	seat := o.seat()
	if seat == nil {
		return nil, fmt.Errorf("VALUE is missing, and there is no terminal to ask on: write runbook answer %s %s %s", s.ID, view.Quote(w.Step), view.Takes(w.Question))
	}
	if len(o.ItemNotes) > 0 || o.Note != "" {
		return nil, errors.New("--note and --item-note go with a VALUE; without one, the form takes notes")
	}
	o.say("%s", strings.Join(o.describe(s, w, o.ErrTerminal), "\n"))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := o.watchInterrupts(ctx)
	defer stop.release()
	stop.asking.Store(true)
	go func() {
		select {
		case <-ctx.Done():
		case <-stop.interrupt:
			cancel(form.ErrInterrupted)
		}
	}()
	go o.watchAnswer(ctx, history, *s, w.Step, cancel)
	r := form.Request{Step: w.Step, For: w.For, Question: w.Question, Since: w.Since, Shown: true}
	if w.Deadline != nil {
		r.Deadline = *w.Deadline
	}
	answer, err := seat.Ask(ctx, r)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("nothing was answered: %w", err)
	}
	return answer, nil
}

// How often another process's doings are looked at.
const lookAgain = 300 * time.Millisecond

var errAnsweredElsewhere = errors.New("the step does not wait any more: somebody else answered, or its time is over")

// watchAnswer takes the question away when the step does not wait any more.
func (o *answerOptions) watchAnswer(ctx context.Context, history journal.Journal, s story, step string, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	s.Waits = slices.Clone(s.Waits)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// A history that can't be read shows up when the answer is sent.
		if s.read(ctx, history, s.ID, nil) == nil && !slices.ContainsFunc(s.Waits, func(w waitingStep) bool { return w.Step == step }) {
			cancel(errAnsweredElsewhere)
			return
		}
	}
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
func (o *answerOptions) report(ctx context.Context, history journal.Journal, s *story, m journal.Message) error {
	held, err := holder(ctx, history, s.ID)
	if err != nil {
		return err
	}
	if o.JSON {
		out := answered{Run: s.ID, Step: m.Step, Value: m.Answer.Value, Note: m.Answer.Note, By: m.By, At: m.At, Taken: held != nil}
		if held == nil {
			out.Resume = "runbook resume " + s.ID
		}
		return o.printJSON(out)
	}
	text := fmt.Sprintf("%s: %s is kept.", m.Step, plainAnswer(m.Answer.Value))
	if held != nil {
		return o.printLines(text, fmt.Sprintf("Process %d on %s runs the run and goes on with it.", held.Owner.PID, held.Owner.Host))
	}
	return o.printLines(text, "No process runs the run now. It goes on with: runbook resume "+s.ID)
}

// complete completes the steps that wait, and values that are known.
func (o *answerOptions) complete(ctx context.Context, args []string) []string {
	history, err := o.openHistory(ctx, o.Store, journal.ReadOnly)
	if err != nil || history == nil {
		return nil
	}
	defer history.Close() //nolint:errcheck // a completion has nobody to tell
	s, err := readStory(ctx, history, args[0])
	if err != nil {
		return nil
	}
	var names []string
	for _, w := range s.Waits {
		switch {
		case len(args) == 1:
			names = append(names, w.Step+"\t"+w.Question.Prompt)
		case len(args) == 2 && w.Step == args[1]:
			return values(w.Question)
		}
	}
	return names
}

// values are the answers to a question that can be listed.
func values(q *run.Question) []string {
	switch q.Kind {
	case run.AskApproval, run.AskConfirm:
		return []string{"yes", "no"}
	case run.AskChecklist:
		return []string{"all", "none"}
	}
	return q.Choices
}
