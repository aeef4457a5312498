package run

import (
	"maps"
	"slices"
	"time"
)

// notice is the notification of a level of an escalation. A level of a question is notified once, over all sessions.
type notice struct {
	level Level
	phase noticePhase
	// key is the write's; it stays when the notification is sent again.
	key string
	// problem is why the contact was not told; empty where it was, or where that was meant.
	problem string
	inDoubt bool
	told    bool
	// instead are the numbers of the levels for which it was begun, as they could not be told.
	instead []int
}

type noticePhase uint8

const (
	noticePending noticePhase = iota // is to be sent again
	noticeUnderWay
	noticeEnded
)

// notified takes in an event of a notification. One of a question that is asked anew from the beginning counts for nothing.
func (s *State) notified(r ref, e *Event) {
	a := s.at(r).asked
	if a == nil || e.Level == nil || e.Level.Number > a.escalated {
		return
	}
	a.notify(e)
	s.tellLevels(r)
}

// tellLevels has Notices look at a question again.
func (s *State) tellLevels(r ref) {
	s.levels.drop(r)
	if s.hasUntold(r) {
		s.levels.push(r)
	}
}

func (s *State) hasUntold(r ref) bool {
	in := s.at(r)
	return in.phase == asking && in.asked.question != nil && len(in.asked.untold()) > 0
}

func (a *asked) notify(e *Event) {
	if a.notices == nil {
		a.notices = map[int]*notice{}
	}
	n := a.notices[e.Level.Number]
	if n == nil {
		n = &notice{level: *e.Level}
		a.notices[e.Level.Number] = n
	}
	switch {
	case e.Type == NotifyStarted:
		n.phase, n.key, n.problem, n.inDoubt, n.instead = noticeUnderWay, e.Key, "", false, e.InsteadOf
	case e.Reason == DecisionRedo:
		n.phase = noticePending
	default:
		n.phase, n.told = noticeEnded, e.Outcome == Pass
		if e.Outcome != Pass && e.Outcome != Skipped {
			n.problem, n.inDoubt = e.Error, e.InDoubt
		}
	}
}

// Notice is a level of an open question whose contact is to be told.
type Notice struct {
	Wait
	Level Level
	// Key is the one that it was sent with before, empty: it was not.
	Key string
	// InsteadOf are the numbers of the later levels that fell due with it, and whose contacts could not be told.
	InsteadOf []int
	// Passed is the later one that was told, for which this one is left out; nil: it is to be told.
	Passed *Level
}

// Notices lists the levels that fell due and whose contacts are to be told next, or are passed over. What fell due while nobody
// ran the run, or while it was asleep, does not flood: of the levels before the moment only the last with a notifier is told,
// and those that fell due together with it; where these told nobody, the one before, and so on. What is answered, or whose
// time is over, is left alone.
func (s *State) Notices(now time.Time) []Notice {
	if !s.started || s.finished || s.paused || s.byHand != nil {
		return nil
	}
	s.levels.trim(s.hasUntold)
	var out []Notice
	for _, r := range s.levels.rest() {
		if !s.hasUntold(r) {
			continue
		}
		a := s.at(r).asked
		if at := a.next(); !at.IsZero() && !at.After(now) {
			continue // the next level, or the end of the time, is told first
		}
		for _, n := range a.untold() {
			n.Wait = s.openWait(r)
			out = append(out, n)
		}
	}
	return out
}

// untold are the notifications that come next: of the last levels that fell due, of those before where these told nobody, and
// so on. Once one was told, those before it that were not begun are passed over; while one is under way, they wait.
func (a *asked) untold() []Notice {
	levels := a.notifying()
	var out []Notice
	var told *Level
	var failed []int
	for end, waits := len(levels), false; end > 0 && !waits; {
		begin := end - 1
		for begin > 0 && levels[begin-1].AfterMS == levels[end-1].AfterMS {
			begin--
		}
		passed, instead := told, failed
		for _, l := range slices.Backward(levels[begin:end]) {
			n := a.notices[l.Number]
			switch {
			case n != nil && n.told && told == nil:
				told = &l
			case n == nil || n.phase == noticePending:
				out = append(out, Notice{Level: l, Key: n.sentWith(), InsteadOf: instead, Passed: passed})
			}
			waits = waits || n == nil || n.phase != noticeEnded
			failed = append([]int{l.Number}, failed...)
		}
		if end = begin; told != nil {
			waits, failed = false, nil // those before are passed over
		}
	}
	slices.Reverse(out)
	return out
}

// sentWith is the key that a notification was sent with; empty: it was not.
func (n *notice) sentWith() string {
	if n == nil {
		return ""
	}
	return n.key
}

// notifying are the levels with a notifier that fell due. A level follows the one before it, whatever its own time says.
func (a *asked) notifying() []Level {
	var out []Level
	after := 0.0
	for _, l := range a.fellDue() {
		after = max(after, l.AfterMS)
		if l.AfterMS = after; l.Notify != "" {
			out = append(out, l)
		}
	}
	return out
}

// fellDue are the levels that were told of.
func (a *asked) fellDue() []Level {
	return a.question.Levels[:min(a.escalated, len(a.question.Levels))]
}

// NobodyTold lists the levels that fell due for the question about a step, or an instance, where none was told and none is to be
// any more once a notification of it ends so (nil: as it is); nil otherwise.
func (s *State) NobodyTold(address string, end *Event) []Untold {
	r, err := s.resolve(address)
	if err != nil || s.at(r).phase == ended || s.at(r).asked == nil || s.at(r).asked.question == nil {
		return nil
	}
	return s.at(r).asked.nobodyTold(end)
}

func (a *asked) nobodyTold(end *Event) []Untold {
	if !a.open() || len(a.notifying()) == 0 {
		return nil
	}
	var out []Untold
	for _, l := range a.fellDue() {
		n := a.notices[l.Number]
		untold := Untold{Level: l}
		switch {
		case l.Notify == "":
		case end != nil && end.Level.Number == l.Number:
			untold.InDoubt = end.InDoubt
		case n == nil || n.phase != noticeEnded || n.told:
			return nil
		default:
			untold.InDoubt = n.inDoubt
		}
		out = append(out, untold)
	}
	return out
}

// NoticesUnderWay lists the notifications that were begun and of which no end is known.
func (s *State) NoticesUnderWay() []Notice {
	var out []Notice
	s.each(func(r ref, in *instance) {
		for _, n := range in.asked.all() {
			if n.phase == noticeUnderWay {
				out = append(out, Notice{Wait: Wait{Address: s.address(r)}, Level: n.level, Key: n.key})
			}
		}
	})
	return out
}

// all are the notifications of a question, by level.
func (a *asked) all() []*notice {
	if a == nil {
		return nil
	}
	out := make([]*notice, 0, len(a.notices))
	for _, number := range slices.Sorted(maps.Keys(a.notices)) {
		out = append(out, a.notices[number])
	}
	return out
}

// NoticeProblem is a level whose contact could not be told, and why.
type NoticeProblem struct {
	Level   Level
	Problem string
	// InDoubt says that nobody knows whether it was told.
	InDoubt bool
	// Told is the level that was told instead; nil: none was.
	Told *Level
}

// NoticeProblems lists them for the question about a step or an instance, in the order of the levels.
func (s *State) NoticeProblems(address string) []NoticeProblem {
	r, err := s.resolve(address)
	if err != nil {
		return nil
	}
	var out []NoticeProblem
	all := s.at(r).asked.all()
	for _, n := range all {
		if n.problem == "" {
			continue
		}
		p := NoticeProblem{Level: n.level, Problem: n.problem, InDoubt: n.inDoubt}
		for _, other := range all {
			if other.told && slices.Contains(other.instead, n.level.Number) {
				p.Told = &other.level
			}
		}
		out = append(out, p)
	}
	return out
}
