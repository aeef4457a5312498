package cli

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/e82355ed/runbook/engine"
)

// interruption turns signals into the two ways of stopping a run.
type interruption struct {
	// ctx ends at the second interrupt: stop at once.
	ctx context.Context
	// interrupt is closed at the first: start nothing new.
	interrupt chan struct{}
	release   func()
	// raised are interrupts that no signal brought: Ctrl-C is a key while a form has the terminal.
	raised chan os.Signal
	// asking is true while a question waits for its answer: nothing runs that an interrupt could stop.
	asking atomic.Bool
	// idle is true while nothing runs yet: see beforehand.
	idle atomic.Bool
}

var errInterrupted = errors.New("nothing was run: interrupted")

// beforehand does what comes before a run begins, such as reading the history. The first interrupt ends it at once, and with it
// the command: nothing is under way that would have to end.
func (i *interruption) beforehand(do func()) error {
	select {
	case <-i.interrupt:
		return errInterrupted
	default:
	}
	i.idle.Store(true)
	do()
	if !i.idle.CompareAndSwap(true, false) || i.ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// recallIdle takes a run of the past up with recall, and lets go of it where an interrupt came meanwhile.
func (i *interruption) recallIdle(recall func(ctx context.Context) (*engine.Recalled, diagnostics)) (r *engine.Recalled, diags diagnostics, err error) {
	if err = i.beforehand(func() { r, diags = recall(i.ctx) }); err == nil {
		return r, diags, nil
	}
	if r != nil && !diags.HasErrors() {
		if left := r.Drop(i.ctx); left.HasErrors() {
			err = errors.Join(err, left)
		}
	}
	return nil, nil, err
}

// watchInterrupts catches signals until release.
func (p *Program) watchInterrupts(parent context.Context) *interruption {
	ctx, cancel := context.WithCancel(parent)
	signals, restore := p.Signals()
	stop := &interruption{ctx: ctx, interrupt: make(chan struct{}), raised: make(chan os.Signal, 1)}
	ended := make(chan struct{})
	stopped := make(chan struct{})
	stop.release = func() { close(ended); <-stopped; restore(); cancel() }
	go func() {
		defer close(stopped)
		for count := 0; ; {
			var s os.Signal
			select {
			case <-ended:
				return
			case s = <-signals:
			case s = <-stop.raised:
			}
			if s == syscall.SIGHUP && count > 0 {
				continue // of a terminal that closes, both the shell and the kernel send one: nobody asked twice
			}
			count++
			p.interrupted(count, s, stop, cancel)
		}
	}()
	return stop
}

// raise is an interrupt that no signal brings.
func (i *interruption) raise() {
	select {
	case i.raised <- os.Interrupt:
	default: // one is on its way
	}
}

func (p *Program) interrupted(count int, s os.Signal, stop *interruption, cancel context.CancelFunc) {
	switch count {
	case 1:
		close(stop.interrupt)
		if stop.asking.Load() {
			return
		}
		if stop.idle.CompareAndSwap(true, false) {
			cancel()
			p.say("%s%v: stopping at once", p.over(s), s)
			return
		}
		p.say("%s%v: nothing new starts, writes in flight end; once more stops at once", p.over(s), s)
	case 2:
		cancel()
		p.say("%s%v: stopping at once", p.over(s), s)
	default:
		// Whatever holds the run up doesn't heed its context; the journal has what happened so far.
		p.say("%s%v: gone without an ending; the history has what happened until now", p.over(s), s)
		os.Exit(ExitInterrupted)
	}
}

// over goes back over the ^C that a terminal has shown where the next line begins.
func (p *Program) over(s os.Signal) string {
	if s == os.Interrupt && p.ErrTerminal {
		return "\r"
	}
	return ""
}
