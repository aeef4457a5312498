package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

type checkOptions struct {
	*Program
	Store string
	JSON  bool
}

func newCheck(p *Program) *cobra.Command {
	o := &checkOptions{Program: p}
	cmd := &cobra.Command{
		Use: "check", Short: "Find out whether the history of runs can be read",
		Long:    "Reads every run of the history and tells which of them can't be read whole. Nothing is changed, and nothing mended.",
		Example: "  runbook runs check\n  runbook runs check --store copy.db --json",
		Args:    none,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	jsonFlag(cmd, &o.JSON, "what was found")
	storeFlag(cmd, &o.Store)
	return cmd
}

func (o *checkOptions) run(ctx context.Context) error {
	address, err := o.storePath(o.Store)
	if err != nil {
		return err
	}
	history, err := o.openHistory(ctx, o.Store, journal.ReadOnly)
	if err != nil {
		return err
	}
	if history == nil {
		return fmt.Errorf("there is no history of runs to check: %s does not exist", address)
	}
	address = nameOfStore(history, address)
	report, err := journal.Check(ctx, history)
	if err = errors.Join(err, history.Close()); err != nil {
		return err
	}
	if o.JSON {
		err = o.printJSON(report)
	} else {
		err = o.printLines(checkLines(address, report)...)
	}
	if err != nil || report.Sound() {
		return err
	}
	return exit(ExitFailed)
}

// mostListed bounds lists of runs; mostSaid and saidWidth, in columns, what is told in the words of the store.
const (
	mostListed = 20
	mostSaid   = 10
	saidWidth  = 200
)

// checkLines say what can be read, then what to do, and last what the store says of the damage.
func checkLines(address string, r journal.Report) []string {
	address = term.CleanLine(address)
	switch {
	case r.Sound() && r.Runs == 0:
		return []string{address + " is empty: no run is kept in it yet."}
	case r.Sound():
		return []string{counted(r.Runs, "run") + " can be read, and nothing is damaged."}
	}
	var inPart, said []string
	for _, d := range r.Damaged {
		inPart = append(inPart, d.Run+"  "+counted(d.Events, "event"))
		said = append(said, d.Run+": "+d.Error)
	}
	lines := []string{fmt.Sprintf("%s is damaged. Of %s, %d can be read in full; %s of all can be read.",
		address, counted(r.Runs, "run"), r.Readable, counted(r.Events, "event"))}
	lines = append(lines, bounded("In full:", r.Whole, mostListed)...)
	lines = append(lines, bounded("Up to the damage:", inPart, mostListed)...)
	lines = append(lines, afterDamage(address, r.Runs > 0)...)
	said = append(said, r.Problems...)
	for i := range said {
		said[i] = term.Cut(term.CleanLine(said[i]), saidWidth, "…")
	}
	return append(lines, bounded("What the store says of it:", said, mostSaid)...)
}

// bounded is a list below its title; nothing where it is empty.
func bounded(title string, items []string, most int) []string {
	if len(items) == 0 {
		return nil
	}
	lines := []string{title}
	for _, item := range items[:min(len(items), most)] {
		lines = append(lines, "  "+item)
	}
	if more := len(items) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more, which --json lists", more))
	}
	return lines
}

// afterDamage says what to do about a store that is damaged.
func afterDamage(address string, readable bool) []string {
	if isURL(address) {
		return []string{"Have the database restored, and go on with another history until then: --store FILE."}
	}
	lines := []string{fmt.Sprintf("Put %s in safety as it is, with %s-wal if that is beside it, and have nothing written into it any more.", address, address)}
	if readable {
		lines = append(lines, fmt.Sprintf("What can be read is shown by: %s, and by: %s", view.Command(absoluteStore(address), "runs"), view.Command(absoluteStore(address), "show RUN")))
	}
	return append(lines, "New runs go on in another file, which --store or "+storeVariable+" names.")
}

// counted is "1 run", "2 runs".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// checkPath is the command's path.
const checkPath = "runbook runs check"

// damageHint adds to an error of a damaged history how to find out what is left.
func (p *Program) damageHint(err error) error {
	if !errors.Is(err, journal.ErrDamaged) {
		return err
	}
	rest := "the file stays as it is"
	if address, storeErr := p.storePath(p.store); storeErr == nil && isURL(address) {
		rest = "have the database restored"
	}
	return fmt.Errorf("%w\n%s tells which runs can be read; %s", err, p.command("runs check"), rest)
}
