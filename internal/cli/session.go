package cli

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/process"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/seal"
	"github.com/e82355ed/runbook/internal/term"
)

// session is what every session of a run has: who looks on, who is asked, where it is kept and how it is sealed.
func (p *Program) session(history journal.Journal, s *stage, seen *witness, stop *interruption) engine.RunOptions {
	opts := engine.RunOptions{
		Journal: history, Sink: func(e journal.Entry) { p.ownWords(e.Event); seen.see(e); s.reports.follow(e, history.Kept); s.Event(e) }, Redact: p.redactor.Bytes, Interrupt: stop.interrupt,
		Asker: p.asker(s, seen, stop), Command: p.command, Owner: process.Self().Owner("", "", p.User),
		Waiting: p.sayWaiting, TookOver: p.sayTookOver,
	}
	opts.Seal, opts.Unseal = p.sealing()
	return opts
}

// sayWaiting says which lock is waited for.
func (p *Program) sayWaiting(l journal.Lock, left *engine.Remains, until time.Time) {
	text := fmt.Sprintf("waiting until %s for the lock %s, which run %s of %s holds (%s)", provider.Moment(until), l.Name, l.Owner.Run, l.Owner.Runbook, engine.Holder(&l))
	switch {
	case left != nil:
		text += "; what it has started goes on without it: " + p.blank(engine.Sentences(left.Running))
	case l.Parked():
		text += "; it goes on with: " + p.command("resume "+l.Owner.Run)
	}
	p.say("%s", term.CleanLine(text))
}

// sayTookOver says from whom a lock was taken over, and what to do about that run.
func (p *Program) sayTookOver(from journal.Lock, left *engine.Remains) {
	text := fmt.Sprintf("took the lock %s over from run %s of %s (%s)", from.Name, from.Owner.Run, from.Owner.Runbook, engine.Holder(&from))
	if left == nil || !left.Began {
		p.say("%s; it had not begun", term.CleanLine(text))
		return
	}
	if found := (&listed{Left: left.Left}).leftText(); found != "" {
		text += "; " + found
	}
	if len(left.Unseen) > 0 {
		text += "; commands of it may live on: " + p.blank(engine.Sentences(left.Unseen))
	}
	if !left.Over {
		text += "; go on with it: " + p.command("resume "+from.Owner.Run)
	}
	p.say("%s; look at it: %s", term.CleanLine(text), p.command("show "+from.Owner.Run))
}

// checkKey refuses a key that can't be used before anything is run: what is sensitive would be lost. That holds for runs that
// turn out to need none too, as only the results tell whether they do. A key file that is not there yet is no error.
func (p *Program) checkKey() error {
	s, err := p.sealer()
	if err == nil {
		err = s.Check()
	}
	return err
}

// sealer seals with the key of RUNBOOK_KEY, or with the one in the user's own folder. An error says that RUNBOOK_KEY is none.
func (p *Program) sealer() (*seal.Sealer, error) {
	return seal.Open(seal.KeyOptions{Identity: p.env(keyVariable), Path: p.keyPath()})
}

// sealing seals and opens what is sensitive with the key of RUNBOOK_KEY, or with one that is made beside the history in the
// user's own folder when something is to be sealed first.
func (p *Program) sealing() (sealIt, open func([]byte) ([]byte, error)) {
	sealer := sync.OnceValues(p.sealer)
	with := func(do func(*seal.Sealer, []byte) ([]byte, error)) func([]byte) ([]byte, error) {
		return func(text []byte) ([]byte, error) {
			s, err := sealer()
			if err != nil {
				return nil, err
			}
			return do(s, text)
		}
	}
	return with((*seal.Sealer).Seal), with((*seal.Sealer).Open)
}

// keyPath is where the key is: in the user's own folder, whatever store the history is in. Empty: there is no such folder.
func (p *Program) keyPath() string {
	if state := p.env("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "runbook", "key")
	}
	if p.HomeDir == "" {
		return ""
	}
	return filepath.Join(p.HomeDir, ".local", "state", "runbook", "key")
}

// lockFlag declares --lock-timeout.
func lockFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "lock-timeout", "0s", "how long to wait for the runbook's lock, a `DURATION`; 0s: not at all")
}

func parseLockTimeout(text string) (time.Duration, error) {
	d, err := provider.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("--lock-timeout %q is not a duration such as 10m", text)
	}
	return d, nil
}
