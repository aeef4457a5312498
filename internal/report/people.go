package report

import (
	"github.com/e82355ed/runbook/engine/run"
)

// asked is a question with what followed.
type asked struct {
	question, answer *run.Event
	refused, told    []*run.Event
	// closed says that nobody waits for an answer any more, pending that the run has not taken the answer in.
	closed, pending bool
}

// person takes in an event that a person is concerned with.
func (s *record) person(e *run.Event) {
	q := s.open()
	switch e.Type {
	case run.StepWaiting:
		switch {
		case e.Question == nil:
		case q != nil && e.Since != nil: // the same, with another time
			q.question = e
		default:
			s.close()
			s.asked = append(s.asked, &asked{question: e})
		}
	case run.StepAnswered:
		if q == nil {
			q = &asked{}
			s.asked = append(s.asked, q)
		}
		q.answer, q.closed = e, true
	case run.AnswerRefused:
		if q = s.last(); q != nil {
			q.refused = append(q.refused, e)
		}
	case run.StepEscalated, run.NotifyFinished:
		if q = s.last(); q != nil {
			q.told = append(q.told, e)
		}
	}
}

// last is what was asked last about the step; nil: nothing.
func (s *record) last() *asked {
	if len(s.asked) == 0 {
		return nil
	}
	return s.asked[len(s.asked)-1]
}

// open is the question that waits for an answer; nil: none does.
func (s *record) open() *asked {
	if q := s.last(); q != nil && !q.closed {
		return q
	}
	return nil
}

// close has nobody wait for an answer any more.
func (s *record) close() {
	if q := s.open(); q != nil {
		q.closed = true
	}
}
