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
	if a == nil || e.Level == nil {
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
		n.phase, n.key, n.problem, n.inDoubt = noticeUnderWay, e.Key, "", false
	case e.Reason == DecisionRedo:
		n.phase = noticePending
	default:
		n.phase = noticeEnded
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
	// Passed says that it is left out, as a later level fell due before anybody could send it.
	Passed bool
}

// Notices lists the levels that fell due and whose contacts were not told yet. What fell due while nobody ran the run, or
// while it was asleep, does not flood: of the levels before the moment only the last with a notifier is told, and those
// that fell due together with it. What is answered, or whose time is over, is left alone.
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

// untold are the notifications of levels that were told of and not notified.
func (a *asked) untold() []Notice {
	last, after := -1.0, 0.0
	var out []Notice
	for _, l := range a.question.Levels[:min(a.escalated, len(a.question.Levels))] {
		after = max(after, l.AfterMS) // a level follows the one before it, whatever its own time says
		if l.Notify == "" {
			continue
		}
		last = after
		n := a.notices[l.Number]
		if n != nil && n.phase != noticePending {
			continue
		}
		notice := Notice{Level: l}
		notice.Level.AfterMS = after
		if n != nil {
			notice.Key = n.key
		}
		out = append(out, notice)
	}
	for i := range out {
		out[i].Passed = out[i].Level.AfterMS < last
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
}

// NoticeProblems lists them for the question about a step or an instance, in the order of the levels.
func (s *State) NoticeProblems(address string) []NoticeProblem {
	r, err := s.resolve(address)
	if err != nil {
		return nil
	}
	var out []NoticeProblem
	for _, n := range s.at(r).asked.all() {
		if n.problem != "" {
			out = append(out, NoticeProblem{n.level, n.problem, n.inDoubt})
		}
	}
	return out
}
