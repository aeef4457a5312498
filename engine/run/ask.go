package run

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// asked is a question to a person about a step, over all sessions of the run.
type asked struct {
	// what is the event's For; question is nil while it is being worked out.
	what     string
	question *Question
	// since is when it was asked; deadline when the wait is over, zero: never. Both outlive a restart, and neither does a question that is
	// asked anew.
	since, deadline time.Time
	// escalated counts the levels that were told.
	escalated int
	// notices are the notifications of levels that were begun or left out, by the level's number.
	notices  map[int]*notice
	answer   *Answer
	answered time.Time
	// anew is why it is asked once more, and since when; nil: it is not.
	anew *AskedAnew
	// former is what was open when the files changed: asked in the same words it goes on. Nil: nothing was.
	former *asked
}

// open reports whether an answer is missing. A nil one is.
func (a *asked) open() bool { return a == nil || a.answer == nil }

// base is what the levels of the escalation count from.
func (a *asked) base() time.Time {
	if a.question.OnTimeout == "escalate" && !a.deadline.IsZero() {
		return a.deadline
	}
	return a.since
}

// level is the next level of the escalation and when it falls due; false when all were told.
func (a *asked) level() (Level, time.Time, bool) {
	if a.escalated >= len(a.question.Levels) {
		return Level{}, time.Time{}, false
	}
	l := a.question.Levels[a.escalated]
	return l, a.base().Add(time.Duration(l.AfterMS * float64(time.Millisecond))), true
}

// limit is when the wait is over; zero where it is not, or where only the escalation follows.
func (a *asked) limit() time.Time {
	if a.question.OnTimeout == "escalate" {
		return time.Time{}
	}
	return a.deadline
}

// next is when time does something to the wait; zero: never.
func (a *asked) next() time.Time {
	at := a.limit()
	if _, due, ok := a.level(); ok && (at.IsZero() || due.Before(at)) {
		return due
	}
	return at
}

// due is what time does to a wait whose next moment has come: the earlier of level and limit.
func (a *asked) due() Command {
	limit := a.limit()
	if l, due, ok := a.level(); ok && (limit.IsZero() || due.Before(limit)) {
		return Command{Kind: Escalate, Level: l}
	}
	return Command{Kind: TimeUp}
}

// waits begins a wait: for the next poll, or for a person.
func (s *State) waits(r ref, e *Event) {
	in := s.at(r)
	if in.phase == running {
		s.poll(r, e)
		return
	}
	if in.asked == nil {
		in.asked = &asked{}
	}
	a := in.asked
	switch {
	case e.Since == nil:
		*a = asked{anew: a.anew, former: a.former}
	case a.former != nil:
		*a = *a.former
	}
	a.what, a.answer, a.question = e.For, nil, e.Question
	in.phase = asking
	if a.question == nil {
		s.armQuestion(r) // the time of what was asked before is over
		return
	}
	a.former, a.since, a.deadline = nil, e.AskedAt(), time.Time{}
	if e.Deadline != nil {
		a.deadline = *e.Deadline
	}
	s.armQuestion(r)
	s.tellLevels(r)
}

// escalated has the next level of an escalation follow the one that fell due.
func (s *State) escalated(r ref, e *Event) {
	a := s.at(r).asked
	if a.escalated++; e.Level != nil {
		a.escalated = max(a.escalated, e.Level.Number)
	}
	s.armQuestion(r)
	s.tellLevels(r)
}

// armQuestion sets the timer for what time does next to a wait.
func (s *State) armQuestion(r ref) {
	in := s.at(r)
	s.tickets++
	in.ticket = s.tickets
	s.due.drop(r) // what was due was told: the next comes in its own time
	if in.asked.question == nil {
		return
	}
	if at := in.asked.next(); !at.IsZero() {
		s.waiting.add(timer{r, at, in.ticket})
	}
}

// answered lets a step go on with what a person said.
func (s *State) answered(r ref, e *Event) {
	in := s.at(r)
	in.asked.answer, in.asked.answered = e.Answer, e.Answer.GivenAt(e.Time)
	s.due.drop(r)
	if in.asked.what == ForWrites {
		in.phase = preparing
		s.prepare.push(r)
		return
	}
	s.makeReady(r)
}

// Wait is a step that waits for a person.
type Wait struct {
	Address  string
	For      string
	Question *Question
	// Since is when the wait began, Deadline when it is over; zero: never.
	Since, Deadline time.Time
	// NextLevel is the escalation's next level and NextLevelAt when it falls due; zero: none is left.
	NextLevel   Level
	NextLevelAt time.Time
	// Told is how many levels fell due and were told.
	Told int
}

// Over is when nobody can answer any more; zero: never, as where others are called then.
func (w *Wait) Over() time.Time {
	if w.Question.OnTimeout == "escalate" {
		return time.Time{}
	}
	return w.Deadline
}

// Late reports whether an answer was given when the time was over: it does not count, whenever it is read.
func (w *Wait) Late(a *Answer) bool {
	over := w.Over()
	return !over.IsZero() && a.At != nil && a.At.After(over)
}

// Waits lists the questions that are open, in the order of the file.
func (s *State) Waits() []Wait {
	var out []Wait
	s.each(func(r ref, in *instance) {
		if in.phase == asking && in.asked.question != nil {
			out = append(out, s.openWait(r))
		}
	})
	return out
}

// Waiting are the addresses of the questions that are open, in the runbooks that steps run too, in the order of the files. No step may be under
// way in these.
func (s *State) Waiting() []string {
	below := map[string][]*State{}
	for _, c := range s.children {
		below[c.address] = append(below[c.address], c.state)
	}
	var out []string
	s.each(func(r ref, in *instance) {
		address := s.address(r)
		if in.phase == asking && in.asked.question != nil {
			out = append(out, address)
		}
		for _, child := range below[address] {
			for _, within := range child.Waiting() {
				out = append(out, address+"/"+within)
			}
		}
	})
	return out
}

// InOrder compares two steps by where a run_paused event lists them among those that wait; what it does not list comes last.
func (e *Event) InOrder(a, b string) int {
	at := func(step string) int {
		if i := slices.Index(e.Waits, step); i >= 0 {
			return i
		}
		return len(e.Waits)
	}
	return cmp.Compare(at(a), at(b))
}

// WaitOf is the open question about a step or an instance; false where there is none.
func (s *State) WaitOf(address string) (Wait, bool) {
	r, err := s.resolve(address)
	if err != nil || s.at(r).phase != asking || s.at(r).asked.question == nil {
		return Wait{}, false
	}
	return s.openWait(r), true
}

func (s *State) openWait(r ref) Wait {
	a := s.at(r).asked
	w := Wait{Address: s.address(r), For: a.what, Question: a.question, Since: a.since, Deadline: a.deadline, Told: a.escalated}
	if l, at, ok := a.level(); ok {
		w.NextLevel, w.NextLevelAt = l, at
	}
	return w
}

// each visits every step and every instance.
func (s *State) each(visit func(ref, *instance)) {
	for i := range s.steps {
		visit(ref{i, -1}, &s.steps[i].instance)
		for k := range s.steps[i].instances {
			visit(ref{i, k}, &s.steps[i].instances[k])
		}
	}
}

// Answered gives what a person said about a step and what they were asked; nil while they have not.
func (s *State) Answered(address string) (*Question, *Answer) {
	r, err := s.resolve(address)
	if err != nil || s.at(r).asked.open() {
		return nil, nil
	}
	return s.at(r).asked.question, s.at(r).asked.answer
}

// AnsweredAt is Answered with when it was said.
func (s *State) AnsweredAt(address string) (*Question, *Answer, time.Time) {
	q, a := s.Answered(address)
	if a == nil {
		return nil, nil, time.Time{}
	}
	r, _ := s.resolve(address) // it was found a moment ago
	return q, a, s.at(r).asked.answered
}

// Asking tells one asking of a question from another.
type Asking struct {
	// Since is when it was asked, be it in an earlier session; zero: it is not yet. Anew is why it was asked once more; nil: it was not.
	Since time.Time
	Anew  *AskedAnew
	// Digest is that of the question, Told how many levels of its escalation were told, and NobodyTold those that told nobody.
	Digest     string
	Told       int
	NobodyTold []Untold
}

// AskedAs is how a step was asked about last. A question that a resume asks anew is not asked yet.
func (s *State) AskedAs(address string) Asking {
	r, err := s.resolve(address)
	if err != nil || s.at(r).asked == nil {
		return Asking{}
	}
	return s.at(r).asked.asking()
}

// AskedBefore is how the question about a step was asked that was open when the files changed, and that goes on if it is asked in the same
// words; nil: there is none.
func (s *State) AskedBefore(address string) *Asking {
	r, err := s.resolve(address)
	if err != nil || s.at(r).asked == nil || s.at(r).asked.former == nil {
		return nil
	}
	before := s.at(r).asked.former.asking()
	return &before
}

// RunsAgain are the steps that a run_resumed event has run again: what is decided of an instance that is gone is done with.
func (e *Event) RunsAgain() []string {
	return slices.DeleteFunc(slices.Clone(e.Reset), func(step string) bool { return slices.Contains(e.Gone, step) })
}

// AskedAt is when the question of a step_waiting event was asked.
func (e *Event) AskedAt() time.Time {
	if e.Since != nil {
		return *e.Since
	}
	return e.Time
}

func (a *asked) asking() Asking {
	out := Asking{Since: a.since, Anew: a.anew, Told: a.escalated}
	if a.question != nil {
		out.Digest, out.NobodyTold = a.question.Digest, a.nobodyTold(nil)
	}
	return out
}

// Rests reports whether nothing but a person's answer, or the time limit of one, lets the run go on, here or in the
// runbooks that its steps run.
func (s *State) Rests() bool {
	if s.finished || s.paused {
		return false
	}
	rests := false
	for i := range s.steps {
		step := &s.steps[i]
		for k := -1; k < len(step.instances); k++ {
			waits, moves := s.at(ref{i, k}).rest(s.plan.Steps[i].Child)
			if moves {
				return false
			}
			rests = rests || waits
		}
	}
	return rests
}

// rest reports whether a part waits for people, in its own or in the runbook that it runs, and whether it goes on by itself.
func (in *instance) rest(child bool) (waits, moves bool) {
	switch in.phase {
	case asking:
		return true, in.asked.question == nil
	case running:
		return true, !child
	case idle, expanded, ended:
		return false, false
	}
	return false, true
}

// parts are a step and its instances.
func (s *State) parts(i int) []*instance {
	step := &s.steps[i]
	out := make([]*instance, 0, 1+len(step.instances))
	out = append(out, &step.instance)
	for k := range step.instances {
		out = append(out, &step.instances[k])
	}
	return out
}

// Yes reads the answer to a question that takes yes or no.
func (a *Answer) Yes() bool {
	var yes bool
	return a != nil && json.Unmarshal(a.Value, &yes) == nil && yes
}

// GivenAt is when an answer was given that came in at a time. The clock of who sent it may be ahead.
func (a *Answer) GivenAt(came time.Time) time.Time {
	if a != nil && a.At != nil && a.At.Before(came) {
		return *a.At
	}
	return came
}

// Asks reports whether a step was asked about.
func (s *State) Asks(address string) bool {
	r, err := s.resolve(address)
	return err == nil && s.at(r).asked != nil
}
