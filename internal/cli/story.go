package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/view"
)

// waitingStep is a step that waits for a person.
type waitingStep struct {
	Step     string        `json:"step"`
	For      string        `json:"for"`
	Question *run.Question `json:"question"`
	// Since is when the wait began, over all sessions; Deadline when it is over.
	Since    time.Time  `json:"since"`
	Deadline *time.Time `json:"deadline,omitempty"`
	// Told is how many levels of the escalation were told.
	Told int `json:"-"`
	// NobodyTold are the levels that fell due, where nobody is known to have been told.
	NobodyTold []run.Untold `json:"nobody_told,omitempty"`
	told       run.Told
	// AskedAgain says that it is asked again once what comes before it was done again: no answer counts until then.
	AskedAgain bool `json:"asked_again,omitempty"`
	// Given is the answer that was given and not taken in yet; nil: there is none.
	Given *givenAnswer `json:"answered,omitempty"`
}

// story is what the events of a run tell so far about whom it waits for and whether it goes on.
type story struct {
	ID    string
	Waits []waitingStep
	// Later are those that are asked about again once what comes before them, which runs again, has ended.
	Later []waitingStep
	// open and openLater are Waits and Later of a run that broke off and was ended by an undo: nobody is asked until it goes on.
	open, openLater []waitingStep
	// Steps are the addresses that were spoken of.
	Steps map[string]bool
	// Answered are the last answers to steps, by address.
	Answered map[string]answeredAt
	// Resting says that no process runs the run.
	Resting bool
	// Refused are the answers that did not count, by their IDs, and why.
	Refused map[string]string
	// Last is the last event: run_finished or run_paused where the run does not go on by itself.
	Last *run.Event
	// Stopping says that nothing new starts any more.
	Stopping bool
	// Undoing are the steps that a session undoes which does nothing else; Undid those of the one that ended a run that had broken off.
	Undoing, Undid []string
	// ended says that the run has ended, whatever of it is undone then.
	ended bool
}

// answeredAt is who answered a step, and when; in which event, and the answer's own ID.
type answeredAt struct {
	By  string
	At  time.Time
	Seq int64
	ID  string
}

// readStory reads a run from its beginning.
func readStory(ctx context.Context, history journal.Journal, id string) (*story, error) {
	s := &story{}
	return s, s.read(ctx, history, id, nil)
}

// read takes in the events that are new, and passes each on.
func (s *story) read(ctx context.Context, history journal.Journal, id string, on func(journal.Entry)) error {
	after := int64(0)
	if s.Last != nil {
		after = s.Last.Seq
	}
	for e, err := range journal.EventsAfter(ctx, history, id, after) {
		if errors.Is(err, journal.ErrNotFound) {
			return noSuchRun(id)
		}
		if err != nil {
			return err
		}
		s.take(e.Event)
		if on != nil {
			on(e)
		}
	}
	return nil
}

func noSuchRun(id string) error {
	return fmt.Errorf("there is no run %q; \"runbook runs\" lists them", id)
}

func (s *story) take(e *run.Event) {
	s.ID, s.Last = e.Run, e
	if e.Step != "" && !strings.HasSuffix(e.Step, "/") {
		if s.Steps == nil {
			s.Steps = map[string]bool{}
		}
		s.Steps[e.Step] = true
	}
	switch e.Type {
	case run.StepWaiting:
		if e.Question != nil {
			s.wait(e)
		}
	case run.StepAnswered:
		s.drop(e.Step)
		if s.Answered == nil {
			s.Answered = map[string]answeredAt{}
		}
		if e.Answer != nil {
			s.Answered[e.Step] = answeredAt{e.Answer.By, e.Answer.GivenAt(e.Time), e.Seq, e.Answer.ID}
		}
	case run.AnswerRefused:
		if s.Refused == nil {
			s.Refused = map[string]string{}
		}
		if e.Answer != nil && e.Answer.ID != "" {
			s.Refused[e.Answer.ID] = e.Error
		}
	case run.StepEscalated:
		if i := s.waits(e.Step); i >= 0 && e.Level != nil {
			s.Waits[i].Told = e.Level.Number
			s.Waits[i].told.See(e)
			s.Waits[i].NobodyTold = s.Waits[i].told.Nobody
		}
	case run.NotifyStarted, run.NotifyFinished:
		if i := s.waits(e.Step); i >= 0 {
			s.Waits[i].told.See(e)
			s.Waits[i].NobodyTold = s.Waits[i].told.Nobody
		}
	case run.StepFinished:
		s.drop(e.Step)
	case run.RunStopping:
		s.Stopping = s.Stopping || e.Step == "" // not only the runbook that a step runs
	case run.RunResumed:
		s.resumed(e)
	case run.RunFinished:
		s.rest()
	case run.RunPaused:
		s.Undoing = nil
		s.askedAgain(e.AskedAgain)
		slices.SortStableFunc(s.Waits, func(a, b waitingStep) int { return e.InOrder(a.Step, b.Step) })
	}
}

func (s *story) resumed(e *run.Event) {
	s.Stopping, s.Undoing = false, e.Undo
	if e.Undo == nil {
		s.Undid, s.ended = nil, false
		s.Waits, s.Later = append(s.Waits, s.open...), append(s.Later, s.openLater...)
		s.open, s.openLater = nil, nil
	}
	for _, step := range slices.Concat(e.Reset, e.Gone) {
		s.drop(step)
	}
	for _, step := range e.AskedAgain {
		s.putOff(step)
	}
	if len(e.Changes) > 0 { // what comes before a step may be another by now
		s.askedAgain(nil)
	}
}

// rest takes in that the run ended. A session that only undid things ended none of its questions.
func (s *story) rest() {
	if s.Undoing != nil {
		s.open, s.openLater = append(s.open, s.Waits...), append(s.openLater, s.Later...)
	} else {
		s.open, s.openLater = nil, nil
	}
	if !s.ended {
		s.Undid = s.Undoing
	}
	s.Waits, s.Later, s.Undoing, s.ended = nil, nil, nil, true
}

// askedAgain takes in which of those that wait are asked again.
func (s *story) askedAgain(steps []string) {
	for i := range s.Waits {
		s.Waits[i].AskedAgain = slices.Contains(steps, s.Waits[i].Step)
	}
}

// brokenOff takes in that no process runs the run: whoever was being told was perhaps told, or not.
func (s *story) brokenOff() {
	s.Resting = true
	for i := range s.Waits {
		s.Waits[i].told.BrokeOff()
		s.Waits[i].NobodyTold = s.Waits[i].told.Nobody
	}
}

func (s *story) wait(e *run.Event) {
	s.Later = slices.DeleteFunc(s.Later, func(w waitingStep) bool { return w.Step == e.Step })
	w := waitingStep{
		Step: e.Step, For: e.For, Question: e.Question, Since: e.AskedAt(), Deadline: e.Deadline, Told: e.Told, NobodyTold: e.NobodyTold,
		told: run.Told{Nobody: e.NobodyTold},
	}
	if i := s.waits(e.Step); i >= 0 {
		s.Waits[i] = w
		return
	}
	s.Waits = append(s.Waits, w)
}

// view is how a step that waits is shown.
func (s *story) view(w *waitingStep) view.Wait {
	out := view.Wait{For: w.For, Question: w.Question, Since: w.Since, Deadline: w.Deadline, Told: w.Told, Resting: s.Resting}
	if w.AskedAgain {
		return out.Anew()
	}
	return out
}

// waits is the place of a step among those that wait; -1: it does not.
func (s *story) waits(step string) int {
	return slices.IndexFunc(s.Waits, func(w waitingStep) bool { return w.Step == step })
}

// drop takes a step, with its instances, from those that wait, or will again.
func (s *story) drop(step string) {
	covered := func(w waitingStep) bool { return run.Covers(step, w.Step) }
	s.Waits, s.Later = slices.DeleteFunc(s.Waits, covered), slices.DeleteFunc(s.Later, covered)
}

// putOff has a step wait for nobody until it is asked about again.
func (s *story) putOff(step string) {
	if i := s.waits(step); i >= 0 {
		w := s.Waits[i]
		s.drop(step)
		s.Later = append(s.Later, w)
	}
}

// later is a step that waits for nobody until it is asked about again; nil: it is none.
func (s *story) later(step string) *waitingStep {
	if i := slices.IndexFunc(s.Later, func(w waitingStep) bool { return w.Step == step }); i >= 0 {
		return &s.Later[i]
	}
	return nil
}

// over reports whether the run does not go on by itself: it ended, or pauses.
func (s *story) over() bool {
	return s.Last != nil && (s.Last.Type == run.RunFinished || s.Last.Type == run.RunPaused)
}

// holder is the process that runs a run; nil: none does.
func holder(ctx context.Context, history journal.Journal, id string) (*journal.Lock, error) {
	locks, err := history.Locks(ctx)
	if err != nil {
		return nil, err
	}
	for i := range locks {
		if l := &locks[i]; l.Name == journal.RunLock(id) && !l.Gone && !l.Parked() {
			return l, nil
		}
	}
	return nil, nil
}

// openRun opens the history for a command about one run.
func (p *Program) openRun(ctx context.Context, store, id string, access journal.Access) (journal.Journal, error) {
	if access == journal.ReadWrite {
		if _, err := p.sealer(); err != nil {
			return nil, err
		}
	}
	history, err := p.openHistory(ctx, store, access)
	if err == nil && history == nil {
		err = fmt.Errorf("there is no run %q: no run was kept yet", id)
	}
	return history, err
}

// mostOffered bounds how many runs a completion offers, the newest of those that fit.
const mostOffered = 50

// fits selects the runs that a command can be about.
type fits func(ctx context.Context, history journal.Journal, r journal.Summary) bool

// completeRunIDs completes the id of a run that begins as what was typed.
func (p *Program) completeRunIDs(ctx context.Context, store, typed string, wanted fits) []string {
	history, err := p.openHistory(ctx, store, journal.ReadOnly)
	if err != nil || history == nil {
		return nil
	}
	defer history.Close() //nolint:errcheck // a completion has nobody to tell
	filter := journal.Filter{Limit: mostOffered}
	if wanted != nil || typed != "" {
		filter.Limit = math.MaxInt32 // a run may wait for long, while others come and go
	}
	runs, err := history.Runs(ctx, filter)
	if err != nil {
		return nil
	}
	locks, err := history.Locks(ctx)
	if err != nil {
		return nil
	}
	journal.Settle(runs, locks)
	var names []string
	for _, r := range runs {
		if len(names) == mostOffered {
			break
		}
		if strings.HasPrefix(r.ID, typed) && (wanted == nil || wanted(ctx, history, r)) {
			names = append(names, r.ID+"\t"+r.Runbook+" "+stands(r))
		}
	}
	return names
}

// goesOn selects the runs that have not ended.
func goesOn(_ context.Context, _ journal.Journal, r journal.Summary) bool {
	return r.Status != journal.Ended
}

// waitsForPeople selects those of them that wait for a person.
func waitsForPeople(ctx context.Context, history journal.Journal, r journal.Summary) bool {
	if r.Status == journal.Ended {
		return false
	}
	s, err := readStory(ctx, history, r.ID)
	return err == nil && len(s.Waits) > 0
}

// runArgument completes a command's first argument with runs, and lets rest complete the others.
func (p *Program) runArgument(store *string, wanted fits, rest func(ctx context.Context, args []string) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		switch {
		case len(args) == 0:
			return p.completeRunIDs(cmd.Context(), *store, typed, wanted), directive
		case rest != nil:
			return rest(cmd.Context(), args), directive
		}
		return nil, directive
	}
}
