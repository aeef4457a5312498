package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// builder makes the document of what a recorder kept.
type builder struct {
	*Recorder
	blank func([]byte) []byte
	// left is what a person must look at.
	left []run.Left
}

// Run is the run so far. blank goes once more over all that came from outside, as more secrets may be known by now than when it happened;
// nil: there is nothing to blank. Nil is given before the first event.
func (r *Recorder) Run(blank func([]byte) []byte) *Run {
	if r.first.IsZero() {
		return nil
	}
	b := builder{Recorder: r, blank: blank}
	b.left = b.leftNow()
	out := &Run{
		V: Version, Run: r.id, State: b.state(), StartedAt: r.first, EndedAt: r.last, Header: &run.Header{}, Sessions: []Session{}, Steps: []*Step{},
		DurationMS: milliseconds(r.last.Sub(r.first)), store: r.Store,
	}
	if r.header != nil {
		out.Header = b.clean(r.header).Header
		out.Planned = out.Header.Steps
	}
	for i := range r.sessions {
		out.Sessions = append(out.Sessions, b.session(i))
	}
	out.Steps = b.steps(out.Steps, &r.root, false)
	b.ending(out)
	b.undosOf(out)
	return out
}

// ending adds how the run stands at the end of what was told.
func (b *builder) ending(out *Run) {
	out.Left, out.ways = b.left, b.ways()
	if b.ended == nil {
		out.Counts = countsOf(out.Steps)
		return
	}
	e := b.clean(b.ended)
	out.Counts, out.ExitStatus, out.Outcome, out.Error = maps.Clone(e.Counts), e.ExitStatus, e.Outcome, e.Error
	out.NotUndone, out.Undoable, out.Outputs, out.Reason = e.NotUndone, e.Undoable, e.Outputs, e.Reason
	if s := b.stopped(); s != nil {
		out.Reason = s.stopping.Reason
	}
	if out.Counts == nil {
		out.Counts = map[run.Outcome]int{}
	}
	if e.Type == run.RunFinished && e.DurationMS != nil {
		out.DurationMS = *e.DurationMS
	}
}

// stopped is the session whose stop is why the run stands as it does: undos by hand that were not stopped leave it as it was. Nil: none.
func (b *builder) stopped() *session {
	for i := range slices.Backward(b.sessions) {
		if s := &b.sessions[i]; s.stopping != nil {
			return s
		} else if len(s.begun.Undo) == 0 {
			return nil
		}
	}
	return nil
}

// leftNow is what a person must look at. What a process has under way is not: it will know.
func (b *builder) leftNow() []run.Left {
	left := b.outstanding.Left()
	if b.state() != Running {
		return left
	}
	return slices.DeleteFunc(left, func(l run.Left) bool {
		if l.What == run.LeftInDoubt {
			s := b.records[l.Step]
			return s != nil && s.finished == nil && s.session == len(b.sessions)
		}
		u := b.undoOf[undoKey{l.Step, l.Undoes}]
		return u != nil && u.finished == nil && u.session == len(b.sessions)
	})
}

// ways are what there is to do about a run that no process runs, but for the answers that it waits for.
func (b *builder) ways() []string {
	c := view.Config{Store: b.Store}
	switch {
	case b.state() == BrokenOff:
		return view.Next(b.id, b.doing, nil, c)
	case b.ended != nil:
		return view.Next(b.id, b.doing, b.clean(b.ended), c)
	}
	return nil
}

// countsOf counts the steps of the run itself, as its end would.
func countsOf(steps []*Step) map[run.Outcome]int {
	counts := map[run.Outcome]int{}
	for _, s := range steps {
		if _, within := run.SplitAddress(s.Step); within == "" && s.Outcome != "" && !s.Gone {
			counts[s.Outcome]++
		}
	}
	return counts
}

// clean is an event without a secret.
func (b *builder) clean(e *run.Event) *run.Event {
	if b.blank == nil {
		return e
	}
	if text, err := json.Marshal(e); err == nil && bytes.Equal(b.blank(text), text) {
		return e
	}
	return e.Blanked(b.blank)
}

func (b *builder) state() State {
	if b.ended == nil && b.states == Running {
		return Running
	}
	return stateOf(b.ended)
}

// exitInterrupted is the exit status of a session that was interrupted.
const exitInterrupted = 3

// stateOf is the state that the last event of a session leaves; nil: it has none.
func stateOf(e *run.Event) State {
	switch {
	case e == nil:
		return BrokenOff
	case e.Type == run.RunPaused:
		return Paused
	case e.ExitStatus != nil && *e.ExitStatus == exitInterrupted:
		return Interrupted
	}
	return Ended
}

func (b *builder) session(i int) Session {
	s := &b.sessions[i]
	begun := b.clean(s.begun)
	out := Session{What: whatOf(begun), StartedAt: begun.Time, EndedAt: s.last, State: stateOf(s.ended)}
	if i == len(b.sessions)-1 {
		out.State = b.state()
	}
	out.RunsAgain, out.Undoes, out.Changes, out.Repeats = begun.RunsAgain(), begun.Undo, begun.Changes, begun.Repeats
	if p := begun.Session; p != nil {
		out.User, out.Host, out.PID = p.User, p.Host, p.PID
	}
	switch {
	case s.stopping != nil:
		out.Reason = s.stopping.Reason
	case len(begun.Undo) > 0 && out.State == Interrupted:
		out.State = Ended // the run was interrupted before, and stays that
	}
	if s.ended != nil {
		out.ExitStatus = s.ended.ExitStatus
	}
	return out
}

// whatOf is what a session does, by the event that begins it.
func whatOf(e *run.Event) string {
	switch {
	case e.Type == run.RunStarted:
		return "apply"
	case e.Reason != "":
		return e.Reason // "cancel", "settle"
	case len(e.Undo) > 0:
		return "undo"
	}
	return "resume"
}

// steps adds those below a record, each before what is below itself. What is within an instance that is gone is gone with it.
func (b *builder) steps(out []*Step, above *record, within bool) []*Step {
	for _, s := range above.below {
		within := within || above.gone && !run.Covers(above.address, s.address) // an instance is gone or not by itself
		if s.started != nil || s.finished != nil || len(s.asked) > 0 || len(s.earlier) > 0 {
			out = append(out, b.step(s, within || s.gone))
		}
		out = b.steps(out, s, within)
	}
	return out
}

func (b *builder) step(s *record, gone bool) *Step {
	s = s.asItIs(gone)
	out := &Step{Step: s.address, Gone: gone, Did: b.did(s.started, s.finished, s.checks, s.resolved)}
	if s.unkept {
		out.isUnkept(writes(s.started))
	}
	for i := range s.retries {
		e := b.clean(&s.retries[i])
		out.Retries = append(out.Retries, Retry{e.Attempt, e.Time, e.Error, e.InDoubt, e.DelayMS})
	}
	out.inDoubt(b.left, run.Left{Step: s.address, What: run.LeftInDoubt})
	if out.waits = out.UnderWay && !out.doubt && b.state() == Paused; out.waits { // a run pauses once nothing else is under way
		out.fact = "a step of the runbook that it runs waits for a person"
	}
	if s.finished != nil {
		out.Source, out.ChangedNothing = s.finished.Source, s.finished.ChangedNothing
	}
	out.Undone = !s.unkept && b.isUndone(s)
	for _, e := range s.earlier {
		e = b.clean(e)
		out.Earlier = append(out.Earlier, Earlier{e.Outcome, e.Time, e.Summary, e.Error, b.tookBack(e)})
	}
	for _, q := range s.asked {
		asked := b.asked(q)
		asked.Again = asked.Open && b.ended != nil && slices.Contains(b.ended.AskedAgain, s.address)
		out.Asked = append(out.Asked, asked)
	}
	return out
}

// asItIs is a record as its step stands: one that is gone does not run again, and ended as it did last.
func (s *record) asItIs(gone bool) *record {
	last := len(s.earlier) - 1
	if !gone || s.started != nil || s.finished != nil || last < 0 {
		return s
	}
	out := *s
	out.finished, out.earlier = s.earlier[last], s.earlier[:last]
	return &out
}

// isUndone reports whether what a step did last was taken back. One that changed nothing, or counts as done on
// somebody's word, stands on what it did before.
func (b *builder) isUndone(s *record) bool {
	last, before := s.finished, len(s.earlier)
	for last != nil && !b.tookBack(last) && before > 0 && (last.ChangedNothing || last.Result == nil && last == s.finished && s.settled) {
		before--
		last = s.earlier[before]
	}
	return last != nil && b.tookBack(last)
}

// tookBack reports whether what a step did by its end was taken back.
func (b *builder) tookBack(e *run.Event) bool { return b.undone[e.Seq] || b.older[e.Step] }

// did is what a step or an undo did, by its events.
func (b *builder) did(started, finished *run.Event, checks []run.Event, resolved []*run.Event) Did {
	out := Did{UnderWay: started != nil && finished == nil}
	if started != nil {
		e := b.clean(started)
		out.Action, out.Effect, out.Target, out.Arguments, out.StartedAt = e.Action, e.Effect, e.Target, e.Arguments, &e.Time
	}
	clean := make([]run.Event, len(checks))
	for i := range checks {
		clean[i] = *b.clean(&checks[i])
		if c := clean[i].Check; c != nil {
			out.Checks = append(out.Checks, Check{*c, clean[i].Outcome})
		}
	}
	for _, e := range resolved {
		if e = b.clean(e); e.Resolution != nil {
			out.Resolved = append(out.Resolved, Resolved{e.Time, *e.Resolution})
		}
	}
	if finished == nil {
		return out
	}
	e := b.clean(finished)
	if e.Action != "" {
		out.Action = e.Action
	}
	if e.DurationMS != nil {
		out.DurationMS = *e.DurationMS
	}
	out.Outcome, out.Tolerated, out.EndedAt, out.Attempts, out.Summary, out.Error = e.Outcome, e.Tolerated, &e.Time, e.Attempts, e.Summary, e.Error
	out.Detail, out.InDoubt, out.Partial, out.Show, out.Warnings, out.Remedies = e.Detail, e.InDoubt, e.Partial, e.Show, e.Warnings, e.Remedies
	out.fact, out.evidence = view.Fact(e, clean), view.Evidence(e, clean, term.Unicode())
	if first, rest, _ := strings.Cut(term.Clean(out.fact), "\n"); len(out.evidence) > 0 && rest != "" && begins(rest, out.evidence[0]) {
		out.evidence = append([]string{first}, out.evidence...) // the terminal has it right above
	}
	return out
}

// isUnkept marks what ended without the history having that: there it is under way.
func (d *Did) isUnkept(wrote bool) {
	said := "it " + d.word() + ", but that could not be kept: "
	d.NotKept, d.Outcome, d.UnderWay, d.EndedAt, d.DurationMS = d.Outcome, "", true, nil, 0
	if d.fact = said + "it runs again"; wrote {
		d.fact = said + "for the history nobody knows whether it took place"
		d.doubt, d.InDoubt = true, true
	}
}

// begins reports whether a line is the first of a text, however it is set in.
func begins(text, line string) bool {
	first, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(first) == strings.TrimSpace(line)
}

// inDoubt marks what has begun and has no end where it is among what is left. Old histories don't tell which effect an undo is of.
func (d *Did) inDoubt(left []run.Left, as run.Left) {
	began := d.UnderWay && d.NotKept == "" && slices.ContainsFunc(left, func(l run.Left) bool {
		return l.Step == as.Step && l.What == as.What && (l.Undoes == as.Undoes || l.Undoes == 0)
	})
	if began {
		d.doubt = true
		d.fact = "it was under way when its session ended: nobody knows whether it took place"
	}
}

// undosOf adds the undos, in the order in which they ran first.
func (b *builder) undosOf(out *Run) {
	of := map[string]int{}
	for _, u := range b.undos {
		of[u.step]++
	}
	for _, step := range out.NotUndone {
		of[step]++
	}
	for _, u := range b.undos {
		undo := &Undo{Step: u.step, Undoes: u.undoes, Did: b.did(u.started, u.finished, nil, u.resolved), name: "undo " + u.step}
		if u.unkept {
			undo.isUnkept(true)
		}
		undo.inDoubt(b.left, run.Left{Step: u.step, What: run.LeftUndoInDoubt, Undoes: u.undoes})
		if of[u.step] > 1 {
			undo.name = "undo " + run.Effect{Address: u.step, Seq: u.undoes}.String()
		}
		if u.finished != nil {
			undo.ByHand = b.clean(u.finished).ByHand
		}
		out.Undos = append(out.Undos, undo)
	}
}

// asked is a question with what followed.
func (b *builder) asked(q *asked) *Asked {
	c := view.Config{Glyphs: term.Unicode(), Zone: time.UTC}
	out := &Asked{Open: q.question != nil && !q.closed, Pending: q.pending}
	if q.question != nil {
		e := b.clean(q.question)
		out.At, out.Deadline, out.For, out.Question = e.AskedAt(), e.Deadline, e.For, e.Question
		for _, line := range view.Question(e.Question, c) {
			out.lines = append(out.lines, line.Text)
		}
	}
	for _, e := range q.refused {
		if e = b.clean(e); e.Answer != nil {
			said, _ := view.Answered(nil, e, c)
			out.Refused = append(out.Refused, Refused{e.Time, e.Answer, e.Error, said})
		}
	}
	for _, e := range q.told {
		if e = b.clean(e); e.Level != nil {
			out.Told = append(out.Told, Told{e.Time, *e.Level, e.Outcome, e.Summary, e.Error, e.InDoubt})
		}
	}
	if q.answer == nil || q.answer.Answer == nil {
		return out
	}
	e := b.clean(q.answer)
	given := e.Answer.GivenAt(e.Time)
	out.Answer, out.AnsweredAt = e.Answer, &given
	out.said, out.notes = view.Answered(out.Question, e, c)
	if out.At.IsZero() {
		out.At = given
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
