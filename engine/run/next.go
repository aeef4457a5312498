package run

import (
	"slices"
	"time"
)

// CommandKind is what the runtime is asked to do.
type CommandKind uint8

const (
	// Prepare asks to evaluate `when`, `for_each` and what else comes before a place is needed. The runtime answers
	// with step_expanded, step_ready or step_finished.
	Prepare CommandKind = iota
	// Start asks for an attempt: step_started, then what After says.
	Start
	// Ask asks for a question to a person: step_waiting for a preview or at once with the question, or step_finished.
	Ask
	// TimeUp says that a question's time is over: step_answered with what then counts as the answer, or step_finished.
	TimeUp
	// Escalate asks for step_escalated with the command's level.
	Escalate
	// Undo asks for the undo of an effect, be it of a step of a runbook that a step runs: undo_started, then undo_finished.
	Undo
	// Expire says that a poll's time is over while it waited: conclude it with what it saw last.
	Expire
	// Settle asks for step_finished with the command's outcome and reason, without running anything: the step is
	// skipped, blocked or cancelled, or passes because its for_each is empty.
	Settle
	// Stop asks for run_stopping with the reason.
	Stop
	// Finish asks for run_finished: every step has ended.
	Finish
)

// Command is one thing that may happen next.
type Command struct {
	Kind CommandKind
	// Step is an index into Plan.Steps, Key an index into the keys of its for_each, or -1. Undo, Stop and Finish have neither.
	Step, Key int
	// Address is the step's or the instance's.
	Address string
	// Undoes is the number of the effect to undo, see [Event].
	Undoes int64
	// Attempt numbers the attempt to start, from 1.
	Attempt int
	// Deadline is when the poll that the attempt belongs to is over; zero: none.
	Deadline time.Time
	// Sent is the key of the write, or of the undo, that is sent again; empty: it is a new one.
	Sent string
	// Earlier is an attempt at that write that kept a note, and may have taken place; nil: there is none.
	Earlier *Earlier
	// Level is the one that fell due.
	Level   Level
	Outcome Outcome
	Reason  string
}

// EarlierOf is the attempt before at the write of a key: another write than the one that was sent has none.
func (c *Command) EarlierOf(key string) *Earlier {
	if key != c.Sent {
		return nil
	}
	return c.Earlier
}

// Next says what may happen at a time, in the order in which it should. Asking again without an event in between gives
// the same answer. Its cost is that of the answer, not of the plan.
func (s *State) Next(now time.Time) []Command {
	if !s.started || s.finished || s.paused {
		return nil
	}
	if s.byHand != nil {
		return s.end()
	}
	if s.wantStop {
		return []Command{{Kind: Stop, Step: -1, Key: -1, Reason: StopFailure}}
	}
	if s.open == 0 {
		return s.end()
	}
	s.wakeUp(now)
	var commands []Command
	commands = s.collect(commands, &s.settle, settling, func(r ref) Command {
		in := s.at(r)
		return Command{Kind: Settle, Outcome: in.outcome, Reason: in.reason}
	})
	commands = s.collect(commands, &s.prepare, preparing, func(ref) Command { return Command{Kind: Prepare} })
	commands = s.collect(commands, &s.ask, toAsk, func(ref) Command { return Command{Kind: Ask} })
	commands = s.collect(commands, &s.due, asking, func(r ref) Command { return s.at(r).asked.due() })
	return s.starts(commands, now)
}

// end undoes what is to be undone, last first and one at a time, and then finishes the run.
func (s *State) end() []Command {
	next, under := s.nextUndo()
	switch {
	case under:
		return nil
	case next == nil:
		return []Command{{Kind: Finish, Step: -1, Key: -1, Outcome: s.RunOutcome()}}
	}
	return []Command{{Kind: Undo, Step: -1, Key: -1, Address: next.whole(), Undoes: next.seq, Sent: next.sent.Key, Earlier: next.sent.earlier}}
}

// collect adds a command for everything in a queue that is still in the queue's phase.
func (s *State) collect(commands []Command, q *queue, in phase, make func(ref) Command) []Command {
	live := func(r ref) bool { return s.at(r).phase == in }
	q.trim(live)
	for _, r := range q.rest() {
		if live(r) {
			c := make(r)
			c.Step, c.Key, c.Address = r.step, r.key, s.address(r)
			commands = append(commands, c)
		}
	}
	return commands
}

// wakeUp moves what has waited long enough to the ready queues.
func (s *State) wakeUp(now time.Time) {
	for {
		s.waiting.trim(s.stillWaits)
		if len(s.waiting) == 0 || s.waiting[0].at.After(now) {
			return
		}
		r := s.waiting[0].ref
		if s.at(r).phase == asking {
			s.tickets++
			s.at(r).ticket = s.tickets // the timer is done with
			s.due.push(r)
			continue
		}
		s.makeReady(r)
	}
}

func (s *State) stillWaits(t timer) bool {
	in := s.at(t.ref)
	return (in.phase == waiting || in.phase == asking) && in.ticket == t.ticket
}

// Wake is when Next has more to say although no event happened; false when nothing waits for time.
func (s *State) Wake() (time.Time, bool) {
	s.waiting.trim(s.stillWaits)
	if len(s.waiting) == 0 {
		return time.Time{}, false
	}
	return s.waiting[0].at, true
}

// starts fills the free places with what became ready first, group by group.
func (s *State) starts(commands []Command, now time.Time) []Command {
	free := s.plan.MaxParallel - s.running
	if free <= 0 {
		return commands
	}
	at := make([]int, len(s.ready)) // how far each queue has been read
	room := make([]int, len(s.ready))
	for g := range s.ready {
		q := &s.ready[g]
		q.trim(func(r ref) bool { return s.at(r).phase == ready })
		room[g] = free
		if g < len(s.plan.Limits) {
			room[g] = s.plan.Limits[g] - s.active[g]
		}
	}
	begun := len(commands)
	for free > 0 {
		r, ok := s.first(at, room)
		if !ok {
			break
		}
		// What was started, waited for its next poll and is ready again while no place was free may stand in a queue twice.
		if slices.ContainsFunc(commands[begun:], func(c Command) bool { return c.Step == r.step && c.Key == r.key }) {
			room[s.group(r.step)]++
			continue
		}
		commands = append(commands, s.startCommand(r, now))
		free--
	}
	return commands
}

// first takes the earliest ticket of all queues that have room.
func (s *State) first(at, room []int) (ref, bool) {
	best := -1
	for g := range s.ready {
		rest := s.ready[g].rest()
		for at[g] < len(rest) && s.at(rest[at[g]]).phase != ready {
			at[g]++
		}
		if room[g] <= 0 || at[g] >= len(rest) {
			continue
		}
		if best < 0 || s.at(rest[at[g]]).ticket < s.at(s.ready[best].rest()[at[best]]).ticket {
			best = g
		}
	}
	if best < 0 {
		return ref{}, false
	}
	r := s.ready[best].rest()[at[best]]
	at[best]++
	room[best]--
	return r, true
}

func (s *State) startCommand(r ref, now time.Time) Command {
	in := s.at(r)
	c := Command{Kind: Start, Step: r.step, Key: r.key, Address: s.address(r), Attempt: in.attempts + 1}
	if in.sent != nil {
		c.Sent, c.Earlier = in.sent.Key, in.sent.earlier
	}
	if poll := s.plan.Steps[r.step].Poll; poll != nil && in.attempts > 0 {
		c.Deadline = in.firstStart.Add(poll.Timeout)
		if !now.Before(c.Deadline) {
			c.Kind = Expire
		}
	} else if poll != nil {
		c.Deadline = now.Add(poll.Timeout)
	}
	return c
}
