package local

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
)

// take takes in an answer from the terminal or from elsewhere. One that does not fit is refused, and the question stays.
func (r *runner) take(g given) error {
	defer r.desk.use(g.message)
	delete(r.answering, g.address)
	w, ok := r.state.WaitOf(g.address)
	if !ok {
		r.desk.take(r.prefix + g.address)
		return nil
	}
	if g.answer.Digest != w.Question.Digest {
		return r.refuse(w, g.answer, r.outdated(w, g.answer)) // and stays open
	}
	why := g.unread
	if err := r.mayAnswer(w.Question, g.answer); err != nil && why == "" {
		why = err.Error()
	}
	if w.Late(g.answer) {
		why = tooLate
	}
	if why != "" {
		r.desk.put(r, w)
		return r.refuse(w, g.answer, why)
	}
	if err := r.refuseLater(w, g); err != nil {
		return err
	}
	return r.accept(g.address, g.answer)
}

// refuseLater tells of the answers that came after the one that counts, at the same moment: whoever gave them could not see it.
func (r *runner) refuseLater(w run.Wait, first given) error {
	whole := w
	whole.Address = r.prefix + w.Address
	kept, err := r.desk.kept(r.hard, whole)
	if err != nil {
		r.Host.Log.Warn("whether somebody else answered can't be read", "step", whole.Address, "error", err)
		return nil
	}
	for _, g := range kept {
		if g.message == first.message {
			continue
		}
		r.desk.use(g.message)
		if err := r.refuse(w, g.answer, first.answer.By+" answered first"); err != nil {
			return err
		}
	}
	return nil
}

// outdated says why an answer is to another question than the one that is open.
func (r *runner) outdated(w run.Wait, a *run.Answer) string {
	if anew := r.state.AskedAnew(w.Address); anew != nil && a.At != nil && a.At.Before(anew.At) {
		return anew.Why
	}
	if again := w.Question.Again; again != nil && again.Anew() {
		return again.Changed()
	}
	if r.otherKey[w.Address] {
		return "it is sensitive, and can't be read with the key that is here"
	}
	return "what is asked now is not what it was given for"
}

const tooLate = "it was given when the time was over"

// refuse tells that an answer does not count. Of a sensitive one, that it was given is all there is to tell.
func (r *runner) refuse(w run.Wait, a *run.Answer, why string) error {
	told := *a
	if w.Question.Sensitive || told.Sensitive {
		told = *blankAnswer(a)
		told.Sensitive = true
	}
	return r.emit(&run.Event{Type: run.AnswerRefused, Step: w.Address, Answer: &told, Error: why})
}

// mayAnswer reports why an answer does not count.
func (r *runner) mayAnswer(q *run.Question, a *run.Answer) error {
	value, _ := q.InFull(a.Value, nil, r.shown)
	if err := q.Check(value); err != nil {
		return err
	}
	if err := q.Distinct(a.Value); err != nil {
		return err
	}
	if !q.MayAnswer(a.By) {
		return fmt.Errorf("%s is not among the approvers: %s", a.By, strings.Join(q.Approvers, ", "))
	}
	return nil
}

// accept tells an answer. It is on disk before anything follows from it.
func (r *runner) accept(address string, a *run.Answer) error {
	if w, ok := r.state.WaitOf(address); ok && w.Question.Sensitive {
		a.Sensitive = true
		tellAnswer(a.Value, r.Secrets)
	}
	return r.emit(&run.Event{Type: run.StepAnswered, Step: address, Answer: a})
}
