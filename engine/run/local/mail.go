package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// mailTime bounds one look into the mailbox. Of a store that hangs, the run pauses without knowing what was sent to it, which the
// next session reads.
const mailTime = 10 * time.Second

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

// readMail passes new messages on, which are on their way until they are delivered, also where ctx ends before.
func (d *desk) readMail(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	select {
	case d.mail <- struct{}{}:
		defer func() { <-d.mail }()
	case <-bounded.Done():
		return fmt.Errorf("the store does not answer: %w", bounded.Err())
	}
	d.mu.Lock()
	after := d.read
	d.mu.Unlock()
	messages, err := d.session.Journal.Messages(bounded, d.session.RunID, after)
	if err != nil {
		return err
	}
	d.mu.Lock()
	messages = append(d.early, messages...)
	d.early = nil
	d.mu.Unlock()
	for _, m := range messages {
		d.pass(context.WithoutCancel(ctx), m)
	}
	return nil
}

// pass hands one message on.
func (d *desk) pass(ctx context.Context, m journal.Message) {
	d.mu.Lock()
	fresh := m.ID > d.read
	d.read = max(d.read, m.ID)
	q, how := d.addressee(m)
	switch how {
	case arrives:
		q.coming = true
		d.delivering++
	case outdated:
		d.delivering++ // the run does not pause before it is told
	case early, second:
		d.early = append(d.early, m)
	}
	d.mu.Unlock()
	switch {
	case m.Kind == journal.MessageCancel && m.At.After(d.session.SessionStart):
		d.mu.Lock()
		d.cancelled = true
		d.mu.Unlock()
		d.cancel(m.By)
	case how == arrives:
		go d.deliverMail(ctx, q, m)
	case how == outdated:
		go d.deliverOutdated(ctx, q, m)
	case how == early && fresh:
		d.session.Host.Log.Info("an answer came for a question that is not open", "step", m.Step, "by", m.By, "at", m.At)
	}
}

// arrival is how a message comes upon the questions that are open.
type arrival uint8

const (
	noAnswer arrival = iota
	// early: its question is not open, or not yet again.
	early
	// second: an answer that was sent before it is on its way. The first counts, unless it can't be taken.
	second
	// outdated: it was given for another question about the step than the one that is open.
	outdated
	arrives
)

// addressee is the open question that a message is about, and how it comes upon it. Called with the lock held.
func (d *desk) addressee(m journal.Message) (*openQuestion, arrival) {
	if m.Kind != journal.MessageAnswer || m.Answer == nil {
		return nil, noAnswer
	}
	for _, q := range d.open {
		switch {
		case q.wait.Address != m.Step:
		case m.Answer.Digest != q.wait.Question.Digest:
			return q, outdated
		case q.coming:
			return nil, second
		default:
			return q, arrives
		}
	}
	return nil, early
}

// missed reports whether an answer that had to wait for another could be taken now. Called with the lock held.
func (d *desk) missed() bool {
	return slices.ContainsFunc(d.early, func(m journal.Message) bool {
		_, how := d.addressee(m)
		return how == arrives || how == outdated
	})
}

// deliverMail delivers an answer from elsewhere. Until it is, the run does not pause; whoever rests by then does not look
// again.
func (d *desk) deliverMail(ctx context.Context, to *openQuestion, m journal.Message) {
	answer, unread := d.unsealed(m)
	answer.Digest = to.wait.Question.Digest
	d.deliver(ctx, to, given{answer: answer, message: m.ID, unread: unread})
	d.mu.Lock()
	d.delivering--
	d.mu.Unlock()
	d.lookWhetherAllRest(ctx)
}

// deliverOutdated has the runner tell that an answer does not count, which it knows best: it may be asking anew by now. The
// value of a sensitive one is nobody's business any more, and stays sealed.
func (d *desk) deliverOutdated(ctx context.Context, to *openQuestion, m journal.Message) {
	answer := *m.Answer
	answer.At = &m.At
	handed := d.hand(ctx, to, given{answer: &answer, message: m.ID})
	d.mu.Lock()
	d.delivering--
	if !handed {
		d.early = append(d.early, m) // the question may be asked anew
	}
	d.mu.Unlock()
	d.lookWhetherAllRest(ctx)
}

// lookWhetherAllRest looks again once an answer is no longer on its way.
func (d *desk) lookWhetherAllRest(ctx context.Context) {
	nudge(d.changed)
	select {
	case <-d.over:
	default:
		d.pauseIfAllRest(ctx)
	}
}

// answerComes reads what was sent to the run, and reports whether an answer to the question of a step, or the end of the run,
// is on its way: nobody is to be called about it then.
func (d *desk) answerComes(ctx context.Context, address string) bool {
	if err := d.readMail(ctx); err != nil && !errors.Is(err, journal.ErrNotFound) {
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

// kept are the answers to a question that were sent to the run and that no runner took in yet: one that runs again may come to read
// them only after the time is over.
func (d *desk) kept(ctx context.Context, w run.Wait) ([]given, error) {
	messages, err := d.session.Journal.Messages(ctx, d.session.RunID, 0)
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
		if answer, unread := d.unsealed(m); unread == "" {
			out = append(out, given{answer: answer, message: m.ID})
		}
	}
	return out, nil
}

var errNoKey = errors.New("this session has no key")

// unsealed is the answer in a message, with its value where that is sealed. unread says why that can't be read, so that it does not count.
func (d *desk) unsealed(m journal.Message) (_ *run.Answer, unread string) {
	answer := *m.Answer
	answer.At = &m.At
	if m.Sealed == nil {
		return &answer, ""
	}
	plain, err := []byte(nil), errNoKey
	if d.session.Unseal != nil {
		plain, err = d.session.Unseal(m.Sealed)
	}
	if err == nil && !json.Valid(plain) {
		err = errors.New("it is not JSON")
	}
	if err != nil {
		return &answer, "it is sensitive, and can't be read: " + err.Error()
	}
	answer.Value = plain
	return &answer, ""
}

// use notes that the runner has the answer of a message.
func (d *desk) use(message int64) {
	if message == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used = append(d.used, message)
	d.early = slices.DeleteFunc(d.early, func(m journal.Message) bool { return m.ID == message })
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
