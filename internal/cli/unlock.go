package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

type unlockOptions struct {
	*Program
	Store, Name string
	Force, JSON bool
}

func newUnlock(p *Program) *cobra.Command {
	o := &unlockOptions{Program: p}
	cmd := &cobra.Command{
		Use: "unlock [NAME]", Short: "Free a lock whose holder is gone; without a name, list the locks",
		Long: "Frees a lock whose holder is gone or paused. The lock of a run that goes on is freed with --force alone: the run finds out\n" +
			"before it starts its next write, or within " + run.InUnits(engine.HeardWithin) + ", and what it has under way goes on beside another run until then.\n" +
			"Better stop it, with \"runbook cancel\". What a run whose process is gone has left behind and still runs is told: it goes on\n" +
			"beside whoever takes the lock next.",
		Example: "  runbook unlock\n  runbook unlock deploy\n  runbook unlock deploy --force",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exactly("NAME")(cmd, args)
			}
			return nil
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return o.complete(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return o.list(cmd.Context())
			}
			o.Name = args[0]
			return o.unlock(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.Force, "force", false, "free it though its holder lives")
	jsonFlag(cmd, &o.JSON, "the locks, or the one that was freed,")
	storeFlag(cmd, &o.Store)
	return cmd
}

// heldLock is a lock with what a run whose process is gone has left behind under it.
type heldLock struct {
	journal.Lock
	Running []engine.LeftBehind `json:"running,omitempty"`
	Unseen  []engine.LeftBehind `json:"unseen,omitempty"`
	// Unknown says why that can't be told.
	Unknown string `json:"unknown,omitempty"`
}

// looked adds what the run of a lock has left behind. Only a process that is gone leaves anything.
func (o *unlockOptions) looked(ctx context.Context, history journal.Journal, l journal.Lock) heldLock {
	out := heldLock{Lock: l}
	if !l.Gone {
		return out
	}
	left, err := o.engine().Remains(ctx, history, l.Owner.Run)
	if err != nil {
		out.Unknown = err.Error()
		return out
	}
	out.Running, out.Unseen = left.Running, left.Unseen
	return out
}

// behind says in words what was left behind.
func (l *heldLock) behind() string {
	text := ""
	if len(l.Running) > 0 {
		text = "; what it has started goes on: " + engine.Sentences(l.Running)
	}
	if len(l.Unseen) > 0 {
		text += "; commands of it may live on: " + engine.Sentences(l.Unseen)
	}
	if l.Unknown != "" {
		text += "; what it has left behind can't be told: " + l.Unknown
	}
	return term.CleanLine(text)
}

func (o *unlockOptions) locks(ctx context.Context, look bool) ([]heldLock, error) {
	history, err := o.openHistory(ctx, o.Store, journal.ReadOnly)
	if err != nil || history == nil {
		return nil, err
	}
	locks, err := history.Locks(ctx)
	var out []heldLock
	for _, l := range locks {
		held := heldLock{Lock: l}
		switch {
		case isRunLock(&l):
			continue
		case look:
			held = o.looked(ctx, history, l)
		}
		out = append(out, held)
	}
	return out, errors.Join(err, history.Close())
}

// isRunLock reports whether a lock is no runbook's but keeps two processes from running one run. It is nobody's to free: the
// next command that runs the run takes it once its holder is gone.
func isRunLock(l *journal.Lock) bool { return l.Name == journal.RunLock(l.Owner.Run) }

func (o *unlockOptions) complete(ctx context.Context) []string {
	locks, err := o.locks(ctx, false)
	if err != nil {
		return nil // a completion has nobody to tell
	}
	var names []string
	for _, l := range locks {
		names = append(names, l.Name+"\t"+l.Owner.Runbook+", "+holderState(&l.Lock))
	}
	return names
}

func (o *unlockOptions) list(ctx context.Context) error {
	locks, err := o.locks(ctx, true)
	if err != nil {
		return err
	}
	if o.JSON {
		return o.printJSON(append([]heldLock{}, locks...))
	}
	if len(locks) == 0 {
		o.say("Nobody holds a lock.")
		return nil
	}
	rows := [][]string{{"LOCK", "RUN", "RUNBOOK", "BY", "SINCE", "HOLDER"}}
	for _, l := range locks {
		rows = append(rows, []string{
			term.CleanLine(l.Name), l.Owner.Run, term.CleanLine(l.Owner.Runbook), term.CleanLine(l.Owner.User),
			provider.Moment(l.Since), holderState(&l.Lock) + l.behind(),
		})
	}
	lines := table(rows)
	lines[0] = o.palette(o.OutTerminal).Faint(lines[0])
	return o.printLines(lines...)
}

// holderState says what has become of a lock's holder.
func holderState(l *journal.Lock) string {
	process := fmt.Sprintf("process %d on %s", l.Owner.PID, term.CleanLine(l.Owner.Host))
	switch {
	case l.Parked():
		return "a paused run" + pausedSince(l)
	case l.Lapsed:
		return process + ", which has not renewed it in time"
	case l.Gone:
		return process + ", which is gone"
	}
	return process
}

// pausedSince says since when the run of a lock is paused, and where it ran.
func pausedSince(l *journal.Lock) string {
	text := ""
	if l.Owner.Host != "" {
		text += ", on " + term.CleanLine(l.Owner.Host)
	}
	if !l.Owner.PausedAt.IsZero() {
		text += ", since " + provider.Moment(l.Owner.PausedAt)
	}
	return text
}

func (o *unlockOptions) unlock(ctx context.Context) (err error) {
	history, err := o.openHistory(ctx, o.Store, journal.ReadWrite)
	if err != nil {
		return err
	}
	if history == nil {
		return fmt.Errorf("nobody holds the lock %q: no run was kept yet", o.Name)
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	locks, err := history.Locks(ctx)
	if err != nil {
		return err
	}
	locks = slices.DeleteFunc(locks, func(l journal.Lock) bool { return !isRunLock(&l) || l.Name != o.Name })
	if len(locks) > 0 {
		id := locks[0].Owner.Run
		return fmt.Errorf("%q is the lock of a run itself, which keeps two processes from running it; it can't be freed by hand\nStop that process with: %s\nOnce it is gone, this takes the run up: %s",
			o.Name, o.command("cancel "+id), o.command("resume "+id))
	}
	freed, err := history.Unlock(ctx, o.Name, o.Force)
	var locked *journal.LockedError
	switch {
	case errors.As(err, &locked):
		l := &locked.Lock
		return fmt.Errorf("the lock %q is held by run %s of %s, by %s, in %s, which is alive\nStop it with: %s\n--force frees the lock all the same",
			l.Name, l.Owner.Run, l.Owner.Runbook, l.Owner.User, holderState(l), o.command("cancel "+l.Owner.Run))
	case errors.Is(err, journal.ErrNotFound):
		return o.nobody(ctx, history)
	case err != nil:
		return err
	}
	was := o.looked(ctx, history, freed)
	if o.JSON {
		return o.printJSON(was)
	}
	lines := []string{fmt.Sprintf("The lock %s is free. Run %s of %s had it, by %s: %s%s.", freed.Name, freed.Owner.Run, freed.Owner.Runbook, freed.Owner.User, holderState(&freed), was.behind())}
	if !freed.Gone && !freed.Parked() {
		lines = append(lines, fmt.Sprintf("That run goes on until it hears of it: before it starts its next write, or within %s. Then it breaks off what is under way, starts nothing more and can be gone on with: %s",
			run.InUnits(engine.HeardWithin), o.command("resume "+freed.Owner.Run)))
	}
	if len(was.Running) > 0 {
		lines = append(lines, "Whoever takes the lock now runs beside that.")
	}
	return o.printLines(lines...)
}

// nobody says that there is no such lock, and which there are.
func (o *unlockOptions) nobody(ctx context.Context, history journal.Journal) error {
	locks, err := history.Locks(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, l := range locks {
		if !isRunLock(&l) {
			names = append(names, l.Name)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("nobody holds the lock %q, or any other", o.Name)
	}
	return fmt.Errorf("nobody holds the lock %q; held are %s%s", o.Name, strings.Join(names, ", "), lang.DidYouMean(o.Name, names))
}
