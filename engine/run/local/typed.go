package local

import (
	"context"
	"crypto/rand"
	"maps"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// typed puts what was answered at the terminal among the answers from elsewhere: the one that the store has first counts, whoever
// asks. It returns once the question is closed or asked anew.
func (d *desk) typed(ctx context.Context, q *openQuestion, answer *run.Answer) {
	answer.Digest, answer.ID = q.wait.Question.Digest, rand.Text()
	select {
	case <-q.closed:
		return // the run tells who was first
	default:
	}
	if err := d.send(ctx, q, answer); err != nil {
		d.session.Host.Log.Warn("an answer can't be kept beside those from elsewhere", "step", q.wait.Address, "error", err)
		d.deliver(ctx, q, given{answer: answer})
		return
	}
	if err := d.readMail(ctx); err != nil {
		nudge(d.polls) // which tells it, and looks again
	}
	select {
	case <-q.closed:
	case <-d.over:
	case <-ctx.Done():
	}
}

// send leaves an answer in the mailbox of the run. What nobody may see of it is encrypted there.
func (d *desk) send(ctx context.Context, q *openQuestion, answer *run.Answer) error {
	s, told := d.session, *answer
	m := journal.Message{Kind: journal.MessageAnswer, Step: q.wait.Address, Answer: &told, At: s.clock().UTC(), By: answer.By}
	if value := string(answer.Value); q.wait.Question.Sensitive || s.shown(value) != value {
		sealed, err := s.sealed(answer.Value)
		if err != nil {
			return err
		}
		told.Value, told.Sensitive, m.Sealed = blankPart, q.wait.Question.Sensitive, sealed
	}
	told.Note, told.Notes = s.shown(told.Note), maps.Clone(told.Notes)
	for item, note := range told.Notes {
		told.Notes[item] = s.shown(note)
	}
	bounded, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	return s.Journal.Send(bounded, s.RunID, m)
}
