package local

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// Asker asks the person at the terminal.
type Asker interface {
	// Ask asks one question and returns the answer, or an error that wraps ctx's when it was answered elsewhere, its time
	// is over, or something else is to be shown. Any other error means that nobody can be asked here any more, and that whoever
	// sits there was told.
	//
	// A question that whoever sits there may not answer ([run.Question.MayAnswer]) is only shown, while nothing but others'
	// answers lets the run go on.
	Ask(ctx context.Context, wait run.Wait) (*run.Answer, error)
}

// desk is where the questions of all runners lie open. It asks at the terminal, one at a time, and takes in what other
// processes send. Safe for concurrent use.
type desk struct {
	session *session
	// mail has one element while the mailbox is read, so that who comes next knows what came of it.
	mail chan struct{}

	mu    sync.Mutex
	asker Asker
	open  []*openQuestion // in the order of the file
	// shown is what stands at the terminal, and stays there as long as it is open: whoever types is not to answer another one. Nil: nothing does
	// that may be answered there.
	shown  *openQuestion
	rested map[*runner]bool
	// read is the last message that was looked at; early are answers to questions that are not open, or not yet again: the
	// runbook that asks may only be on its way after a resume.
	read  int64
	early []journal.Message
	// used are the messages whose answers were taken in, or refused: they can go.
	used []int64
	// delivering counts answers on their way to a runner, between the runners that are about to begin, or whose end is about
	// to be known.
	delivering, between int
	paused              bool
	// cancelled says that somebody elsewhere stops the run, cancel stops it.
	cancelled bool
	cancel    func(by string)
	changed   chan struct{} // has one element when something else may be to be shown
	// over is closed when nobody works at the desk any more.
	over chan struct{}
	// polls wakes who reads the mailbox.
	polls chan struct{}
}

type openQuestion struct {
	wait run.Wait // its address is whole
	to   *runner
	// spot is where it stands in the files, put when it was opened.
	spot spot
	put  time.Time
	// closed is closed when it is answered or over; coming says that an answer from elsewhere is on its way.
	closed chan struct{}
	coming bool
}

// given is an answer on its way to a runner.
type given struct {
	address string // the runner's own
	answer  *run.Answer
	message int64
	// unread says why the value can't be read; empty: it can.
	unread string
}

func newDesk(s *session) *desk {
	return &desk{
		session: s, asker: s.Asker, rested: map[*runner]bool{}, changed: make(chan struct{}, 1), polls: make(chan struct{}, 1),
		over: make(chan struct{}), mail: make(chan struct{}, 1),
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
	q := &openQuestion{wait: wait, to: r, spot: r.spotOf(wait.Address), put: time.Now(), closed: make(chan struct{})}
	q.wait.Address = r.prefix + wait.Address
	d.take(q.wait.Address)
	d.mu.Lock()
	before := slices.IndexFunc(d.open, func(other *openQuestion) bool { return slices.Compare(other.spot, q.spot) > 0 })
	if before < 0 {
		before = len(d.open)
	}
	d.open = slices.Insert(d.open, before, q)
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
			if d.shown == q {
				d.shown = nil
			}
			nudge(d.changed)
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
		asker, q, held := d.choose()
		if asker == nil {
			return
		}
		if q == nil {
			select {
			case <-ctx.Done():
				return
			case <-d.changed:
			case <-held:
			}
			continue
		}
		answer, err := d.askOne(ctx, asker, q)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			d.typed(ctx, q, answer)
		case !errors.Is(err, context.Canceled):
			d.leave(ctx, err)
			return
		}
	}
}

// choose gives who is asked next, and what; nil: nobody, or nothing before something changes or held comes.
func (d *desk) choose() (asker Asker, q *openQuestion, held <-chan time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if wait := d.settles(); wait > 0 {
		return d.asker, nil, time.After(wait)
	}
	if q = d.next(); q != nil && q.wait.Question.MayAnswer(d.session.User) {
		d.shown = q
	}
	return d.asker, q, nil
}

// next is what stands at the terminal next: what stands there already, the first open question that whoever sits there may answer, or, where
// only others can let the run go on, the first that waits for them; nil: there is none. Called with the lock held.
func (d *desk) next() *openQuestion {
	if d.shown != nil {
		return d.shown
	}
	for _, q := range d.open {
		if q.wait.Question.MayAnswer(d.session.User) {
			return q
		}
	}
	if d.allRest() {
		return d.open[0]
	}
	return nil
}

// askOne shows a question until it is answered, or something else is to be shown.
func (d *desk) askOne(ctx context.Context, asker Asker, q *openQuestion) (*run.Answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	defer func() { cancel(); <-over }()
	go func() {
		defer close(over)
		defer cancel()
		for d.stands(q) {
			select {
			case <-d.changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return asker.Ask(ctx, q.wait)
}

// stands reports whether a question is what is to be shown.
func (d *desk) stands(q *openQuestion) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.next() == q
}

// leave notes that nobody can be asked here any more, as the asker has told: the run pauses where it would wait for somebody.
func (d *desk) leave(ctx context.Context, err error) {
	d.session.Host.Log.Info("nobody can be asked at the terminal any more", "error", err)
	d.mu.Lock()
	d.asker = nil
	d.mu.Unlock()
	d.pauseIfAllRest(ctx)
}

// hand passes an answer to the runner that asked, and reports whether that took it before the question was closed.
func (d *desk) hand(ctx context.Context, q *openQuestion, g given) bool {
	g.address = q.wait.Address[len(q.to.prefix):]
	select {
	case q.to.given <- g:
		return true
	case <-q.closed:
	case <-d.over:
	case <-ctx.Done():
	}
	return false
}

// deliver hands an answer over, and waits until the question is closed or asked anew.
func (d *desk) deliver(ctx context.Context, q *openQuestion, g given) {
	if !d.hand(ctx, q, g) {
		return
	}
	select {
	case <-q.closed:
	case <-d.over:
	case <-ctx.Done():
	}
}
