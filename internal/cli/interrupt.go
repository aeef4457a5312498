package cli

import (
	"context"
	"os"
	"sync/atomic"
	"syscall"
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
