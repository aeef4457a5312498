package local

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// How often the mailbox is looked at while somebody is waited for, and otherwise.
const (
	pollAsking = 300 * time.Millisecond
	pollIdle   = time.Second
)

func (d *desk) poll(ctx context.Context) {
	timer := time.NewTimer(pollIdle)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-d.polls:
		}
		err := errors.Join(d.readMail(ctx), d.discard(ctx))
		if errors.Is(err, journal.ErrNotFound) {
			err = nil // the run's beginning is on its way to the journal, and nobody can have written to the run
		}
		if err != nil && ctx.Err() == nil {
			d.session.Host.Log.Warn("messages to the run can't be read", "error", err)
		}
		d.mu.Lock()
		asking := len(d.open) > 0
		d.mu.Unlock()
		if asking {
			timer.Reset(pollAsking)
		} else {
			timer.Reset(pollIdle)
		}
	}
}

// readMail passes new messages on.
func (d *desk) readMail(ctx context.Context) error {
	d.mail.Lock()
	defer d.mail.Unlock()
	d.mu.Lock()
	after := d.read
	d.mu.Unlock()
	messages, err := d.session.Journal.Messages(ctx, d.session.RunID, after)
	if err != nil {
		return err
	}
	d.mu.Lock()
	messages = append(d.early, messages...)
	d.early = nil
	d.mu.Unlock()
	for _, m := range messages {
		d.pass(ctx, m)
	}
	return nil
}

// pass hands one message on.
func (d *desk) pass(ctx context.Context, m journal.Message) {
	d.mu.Lock()
	fresh := m.ID > d.read
	d.read = max(d.read, m.ID)
	to, other, second := d.addressee(m)
	if to != nil {
		to.coming = true
		d.delivering++
	} else if m.Kind == journal.MessageAnswer {
		d.early = append(d.early, m)
	}
	other = other && m.ID > d.toldOther
	if other {
		d.toldOther = m.ID
	}
	d.mu.Unlock()
	switch {
	case m.Kind == journal.MessageCancel && m.At.After(d.session.SessionStart):
		d.mu.Lock()
		d.cancelled = true
		d.mu.Unlock()
		d.cancel(m.By)
	case to != nil:
		go d.deliverMail(ctx, to, m)
	case other:
		d.session.Host.Log.Warn("an answer does not count: what is asked now is not what it was given for", "step", m.Step, "by", m.By, "at", m.At)
	case m.Kind == journal.MessageAnswer && fresh && !second:
		d.session.Host.Log.Info("an answer came for a question that is not open", "step", m.Step, "by", m.By, "at", m.At)
	}
}

// addressee is the open question that a message answers; nil: none, as it was asked about something else (other), or as an
// answer that came first is on its way (second). The first counts, unless it can't be taken. Called with the lock held.
func (d *desk) addressee(m journal.Message) (to *openQuestion, other, second bool) {
	if m.Kind != journal.MessageAnswer || m.Answer == nil {
		return nil, false, false
	}
	for _, q := range d.open {
		switch {
		case q.wait.Address != m.Step:
		case m.Answer.Digest != q.wait.Question.Digest:
			other = true
		case q.coming:
			return nil, false, true
		default:
			return q, false, false
		}
	}
	return nil, other, false
}

// deliverMail delivers an answer from elsewhere. Until it is, the run does not pause; whoever rests by then does not look
// again.
func (d *desk) deliverMail(ctx context.Context, to *openQuestion, m journal.Message) {
	answer := d.unsealed(m)
	if answer != nil {
		d.deliver(ctx, to, answer, m.ID)
	}
	d.mu.Lock()
	d.delivering--
	if answer == nil {
		to.coming = false // another may be
		nudge(d.polls)
	}
	d.mu.Unlock()
	select {
	case <-d.over:
	default:
		d.pauseIfAllRest()
	}
}

// answerComes reads what was sent to the run, and reports whether an answer to the question of a step, or the end of the run,
// is on its way: nobody is to be called about it then.
func (d *desk) answerComes(address string) bool {
	if err := d.readMail(context.Background()); err != nil && !errors.Is(err, journal.ErrNotFound) {
		d.session.Host.Log.Warn("messages to the run can't be read", "error", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cancelled {
		return true
	}
	for _, q := range d.open {
		if q.wait.Address == address {
			return q.coming
		}
	}
	return false
}

// kept are the answers to a question that were sent to the run in time and that no runner took in yet: one that runs again may come to
// read them only after the time is over.
func (d *desk) kept(w run.Wait) ([]given, error) {
	messages, err := d.session.Journal.Messages(context.Background(), d.session.RunID, 0)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return nil, err
	}
	d.mu.Lock()
	used := slices.Clone(d.used)
	d.mu.Unlock()
	var out []given
	for _, m := range messages {
		if m.Kind != journal.MessageAnswer || m.Answer == nil || m.Step != w.Address || m.Answer.Digest != w.Question.Digest ||
			slices.Contains(used, m.ID) {
			continue
		}
		answer := d.unsealed(m)
		switch {
		case answer == nil:
		case w.Late(answer):
			d.tooLate(w.Address, answer, w.Over())
			d.use(m.ID)
		default:
			out = append(out, given{answer: answer, message: m.ID})
		}
	}
	return out, nil
}

// tooLate tells of an answer that was given when the time was over.
func (d *desk) tooLate(step string, a *run.Answer, over time.Time) {
	d.session.Host.Log.Warn("an answer does not count: it was given when the time was over", "step", step, "by", a.By, "at", a.At, "over", over)
}

var errNoKey = errors.New("this session has no key")

// unsealed is the answer in a message, with its value where that is sealed; nil: it can't be read, and the question stays.
func (d *desk) unsealed(m journal.Message) *run.Answer {
	answer := *m.Answer
	answer.At = &m.At
	if m.Sealed == nil {
		return &answer
	}
	plain, err := []byte(nil), errNoKey
	if d.session.Unseal != nil {
		plain, err = d.session.Unseal(m.Sealed)
	}
	if err == nil && !json.Valid(plain) {
		err = errors.New("it is not JSON")
	}
	if err != nil {
		d.session.Host.Log.Warn("a sensitive answer can't be read, and does not count", "step", m.Step, "by", m.By, "error", err)
		return nil
	}
	answer.Value = plain
	return &answer
}

// use notes that the runner has the answer of a message.
func (d *desk) use(message int64) {
	if message == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used = append(d.used, message)
}

// discard deletes the messages that were used, once the events that tell of them are on disk. It does not write those itself:
// whether that fails is for the runners to know.
func (d *desk) discard(ctx context.Context) error {
	d.mu.Lock()
	used := d.used
	d.mu.Unlock()
	if len(used) == 0 || d.session.queued() > 0 {
		return nil
	}
	if err := d.session.Journal.Sync(ctx); err != nil {
		return err
	}
	if err := d.session.Journal.Discard(ctx, d.session.RunID, used...); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used = d.used[len(used):]
	return nil
}
