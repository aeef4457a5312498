package cli

import (
	"context"

	"github.com/e82355ed/runbook/engine/journal"
)

// opening is a journal that is being opened while the runbook is read and planned.
type opening struct {
	opened chan struct{}
	// stop ends the opening.
	stop context.CancelFunc
	// journal and err are set when opened is closed.
	journal journal.Journal
	err     error
	taken   bool
}

func (o *applyOptions) openBeside(ctx context.Context) *opening {
	ctx, stop := context.WithCancel(ctx)
	p := &opening{opened: make(chan struct{}), stop: stop}
	path, err := o.storePath(o.Store)
	if err == nil {
		err = o.checkKey()
	}
	if err != nil {
		p.err = err
		close(p.opened)
		return p
	}
	go func() {
		defer close(p.opened)
		p.journal, p.err = o.OpenJournal(ctx, path)
	}()
	return p
}

// look waits for the journal without taking it.
func (p *opening) look() (journal.Journal, error) {
	<-p.opened
	return p.journal, p.err
}

// wait returns once the journal is open, could not be opened, or nobody waits for it any more.
func (p *opening) wait(ctx context.Context) {
	select {
	case <-p.opened:
	case <-ctx.Done():
	}
}

// take waits for the journal and hands it over: whoever takes it closes it.
func (p *opening) take() (journal.Journal, error) {
	<-p.opened
	p.taken = p.err == nil
	if p.err != nil {
		return nil, p.err
	}
	return p.journal, nil
}

// discard closes a journal that nobody took: nothing was run. Why it could not be opened does not matter then.
func (p *opening) discard() error {
	p.stop()
	<-p.opened
	if p.taken || p.journal == nil {
		return nil
	}
	return p.journal.Close()
}
