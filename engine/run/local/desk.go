package local

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// Asker asks the person at the terminal.
type Asker interface {
	// Ask asks one question and returns the answer, or an error that wraps ctx's when it was answered elsewhere or its time
	// is over. Any other error means that nobody can be asked here any more, and that whoever sits there was told.
	Ask(ctx context.Context, wait run.Wait) (*run.Answer, error)
}

// desk is where the questions of all runners lie open. It asks at the terminal, one at a time, and takes in what other
// processes send. Safe for concurrent use.
type desk struct {
	session *session
	// mail is held while the mailbox is read, so that who comes next knows what came of it.
	mail sync.Mutex

	mu     sync.Mutex
	asker  Asker
	open   []*openQuestion // in the order in which they were asked
	rested map[*runner]bool
	// read is the last message that was looked at; early are answers to questions that are not open, or not yet again: the
	// runbook that asks may only be on its way after a resume.
	read  int64
	early []journal.Message
	// toldOther is the last message of which was told that its answer is to another question than the one that is open.
	toldOther int64
	// used are the messages whose answers were taken in, or refused: they can go.
	used []int64
	// delivering counts answers on their way to a runner, between the runners that are about to begin, or whose end is about
	// to be known.
	delivering, between int
	paused              bool
	// cancelled says that somebody elsewhere stops the run, cancel stops it.
	cancelled bool
	cancel    func(by string)
	changed   chan struct{} // has one element when the list changed
	// over is closed when nobody works at the desk any more.
	over chan struct{}
	// polls wakes who reads the mailbox.
	polls chan struct{}
}

type openQuestion struct {
	wait run.Wait // its address is whole
	to   *runner
	// closed is closed when it is answered or over; coming says that an answer from elsewhere is on its way.
	closed chan struct{}
	coming bool
}

// given is an answer on its way to a runner.
type given struct {
	address string // the runner's own
	answer  *run.Answer
	message int64
}

func newDesk(s *session) *desk {
	return &desk{
		session: s, asker: s.Asker, rested: map[*runner]bool{}, changed: make(chan struct{}, 1), polls: make(chan struct{}, 1),
		over: make(chan struct{}),
	}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been told
	}
}

// put opens a question of a runner; one about the same step is closed.
func (d *desk) put(r *runner, wait run.Wait) {
	wait.Address = r.prefix + wait.Address
	d.take(wait.Address)
	d.mu.Lock()
	d.open = append(d.open, &openQuestion{wait: wait, to: r, closed: make(chan struct{})})
	d.mu.Unlock()
	nudge(d.changed)
	nudge(d.polls)
}

// take closes the question of a step, if there is one.
func (d *desk) take(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, q := range d.open {
		if q.wait.Address == address {
			close(q.closed)
			d.open = append(d.open[:i:i], d.open[i+1:]...)
			return
		}
	}
}

// work asks and reads the mailbox until ctx ends.
func (d *desk) work(ctx context.Context) {
	defer close(d.over)
	var group sync.WaitGroup
	group.Go(func() { d.ask(ctx) })
	group.Go(func() { d.poll(ctx) })
	group.Wait()
}

// ask asks at the terminal what is open, one after another.
func (d *desk) ask(ctx context.Context) {
	for {
		d.mu.Lock()
		asker, q := d.asker, d.askable()
		d.mu.Unlock()
		if asker == nil {
			return
		}
		if q == nil {
			select {
			case <-ctx.Done():
				return
			case <-d.changed:
			}
			continue
		}
		answer, err := askOne(ctx, asker, q)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			d.deliver(ctx, q, answer, 0)
		case !errors.Is(err, context.Canceled):
			d.leave(err)
			return
		}
	}
}

// askable is the first open question that whoever sits at the terminal may answer; nil: there is none. Called with the
// lock held.
func (d *desk) askable() *openQuestion {
	for _, q := range d.open {
		if q.wait.Question.MayAnswer(d.session.User) {
			return q
		}
	}
	return nil
}

func askOne(ctx context.Context, asker Asker, q *openQuestion) (*run.Answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-q.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return asker.Ask(ctx, q.wait)
}

// leave notes that nobody can be asked here any more, as the asker has told: the run pauses where it would wait for somebody.
func (d *desk) leave(err error) {
	d.session.Host.Log.Info("nobody can be asked at the terminal any more", "error", err)
	d.mu.Lock()
	d.asker = nil
	d.mu.Unlock()
	d.pauseIfAllRest()
}

// deliver hands an answer to the runner that asked, and waits until the question is closed or asked anew. Message is the one
// that it came in; zero: none.
func (d *desk) deliver(ctx context.Context, q *openQuestion, answer *run.Answer, message int64) {
	answer.Digest = q.wait.Question.Digest
	select {
	case q.to.given <- given{address: q.wait.Address[len(q.to.prefix):], answer: answer, message: message}:
	case <-q.closed:
		return
	case <-d.over:
		return
	case <-ctx.Done():
		return
	}
	select {
	case <-q.closed:
	case <-d.over:
	case <-ctx.Done():
	}
}

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

// rest notes whether a runner can only wait for people, and pauses the run when all can.
func (d *desk) rest(r *runner, rests bool) {
	d.mu.Lock()
	d.rested[r] = rests
	d.mu.Unlock()
	if rests {
		d.pauseIfAllRest()
	}
}

// expect keeps the run from pausing until a runbook that a step runs has got going ([desk.enter]), or its step knows that it
// never did ([desk.received]).
func (d *desk) expect() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.between++
}

// enter notes that the runner of a runbook that a step runs got going.
func (d *desk) enter(r *runner) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.between--
	d.rested[r] = false
}

// leaveRunner forgets a runner that ended. What ended otherwise than by a pause is something that its parent can go on
// with: until it knows ([desk.received]), the run does not pause.
func (d *desk) leaveRunner(r *runner, paused bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.rested, r)
	if r.parent != nil && !paused {
		d.between++
	}
}

// received notes that a step took in how the runbook that it ran ended.
func (d *desk) received(parent *runner) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.between--
	d.rested[parent] = false
}

func (d *desk) allRest() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asker != nil && d.askable() != nil || d.paused || d.cancelled || d.delivering > 0 || d.between > 0 || len(d.open) == 0 || len(d.rested) == 0 {
		return false
	}
	for _, rests := range d.rested {
		if !rests {
			return false
		}
	}
	return true
}

// pauseIfAllRest pauses the run when nothing can go on and nobody is there to ask. What was answered before is read first.
func (d *desk) pauseIfAllRest() {
	if !d.allRest() {
		return
	}
	if err := d.readMail(context.Background()); err != nil {
		d.session.Host.Log.Warn("messages to the run can't be read", "error", err)
	}
	if !d.allRest() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.paused {
		return
	}
	d.paused = true
	close(d.session.pausing)
}

// waits lists the open questions.
func (d *desk) waits() []run.Wait {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]run.Wait, len(d.open))
	for i, q := range d.open {
		out[i] = q.wait
	}
	return out
}
