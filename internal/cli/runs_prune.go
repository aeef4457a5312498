package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
)

type pruneOptions struct {
	*Program
	Store, Keep                         string
	LeftOver, DryRun, AutoApprove, JSON bool
}

func newPrune(p *Program) *cobra.Command {
	o := &pruneOptions{Program: p}
	cmd := &cobra.Command{
		Use: "prune --keep DURATION", Short: "Delete old runs from the history",
		Long: "Deletes the runs that ended longer ago than --keep, with their events, values, files and messages. Runs that have not ended and\n" +
			"runs that hold a lock stay. So do those that ended with something to look at, such as a write in doubt: --left-over deletes these\n" +
			"too. It asks first; where there is no terminal to ask on, --auto-approve is needed.",
		Example: "  runbook runs prune --keep 90d --dry-run\n  runbook runs prune --keep 90d --auto-approve",
		Args:    none,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&o.Keep, "keep", "", "keep the runs that ended within this `DURATION`, such as 90d")
	cmd.Flags().BoolVar(&o.LeftOver, "left-over", false, "delete those too that ended with exit status 4: with a write in doubt, or an undo that failed")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "only tell how many would be deleted")
	cmd.Flags().BoolVar(&o.AutoApprove, "auto-approve", false, "delete them without a question")
	jsonFlag(cmd, &o.JSON, "what was deleted")
	storeFlag(cmd, &o.Store)
	return cmd
}

// pruned is what the command tells with --json.
type pruned struct {
	Before time.Time `json:"before"`
	// Runs is how many were deleted, or would be.
	Runs int `json:"runs"`
	// Kept is how many more would be with --left-over.
	Kept   int  `json:"kept"`
	DryRun bool `json:"dry_run"`
}

// kept says what stays though it is old.
func (o *pruneOptions) kept(out pruned) []string {
	switch out.Kept {
	case 0:
		return nil
	case 1:
		return []string{fmt.Sprintf("1 more stays, as it has something left to look at: %s shows it. --left-over deletes it too.", o.command("runs"))}
	}
	return []string{fmt.Sprintf("%d more stay, as they have something left to look at: %s shows it. --left-over deletes them too.", out.Kept, o.command("runs"))}
}

// keeps reads how long ago a run may have ended to stay. Whoever writes 6m for six months would lose all of them.
func keeps(text string) (time.Duration, error) {
	if text == "" {
		return 0, errors.New("--keep is missing: say which runs stay, such as --keep 90d")
	}
	keep, err := provider.ParseDuration(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("--keep %q is not a duration, or too long a one: write a number and its unit, w, d or h, such as 90d; a year is 365d", text)
	case keep < 0:
		return 0, fmt.Errorf("--keep %s lies in the future: say how long ago a run may have ended to stay, such as 90d", text)
	case strings.Contains(text, "m"):
		return 0, fmt.Errorf("--keep %s: m is minutes, not months: write months as days or weeks, such as 180d or 26w", text)
	case keep > 0 && keep < time.Hour:
		return 0, fmt.Errorf("--keep %s is less than an hour: write 1h or more, or 0s to keep none of those that ended", text)
	}
	return keep, nil
}

func (o *pruneOptions) run(ctx context.Context) (err error) {
	keep, err := keeps(o.Keep)
	if err != nil {
		return err
	}
	out := pruned{Before: o.Now().Add(-keep).UTC(), DryRun: o.DryRun}
	access := journal.ReadWrite
	if o.DryRun {
		access = journal.ReadOnly
	}
	history, err := o.openHistory(ctx, o.Store, access)
	if err != nil {
		return err
	}
	if history == nil && !o.JSON {
		return o.sayNoHistory(o.Store)
	}
	if history != nil {
		defer func() { err = errors.Join(err, history.Close()) }()
		damage, err := o.count(ctx, history, &out)
		if err != nil {
			return err
		}
		if o.DryRun && damage != nil {
			return o.after(out.Runs, "would be deleted", damage)
		}
		if !o.DryRun && out.Runs > 0 {
			if err := o.confirm(out); err != nil {
				return err
			}
			if out.Runs, err = history.Prune(ctx, o.old(out)); err != nil {
				return o.after(out.Runs, "deleted", err)
			}
		}
	}
	if o.JSON {
		return o.printJSON(out)
	}
	verb := "deleted"
	if o.DryRun {
		verb = "would be deleted"
	}
	line := fmt.Sprintf("%s that ended before %s %s.", counted(out.Runs, "run"), provider.Moment(out.Before), verb)
	return o.printLines(append([]string{line}, o.kept(out)...)...)
}

func (o *pruneOptions) old(out pruned) journal.Old {
	return journal.Old{Before: out.Before, LeftOver: o.LeftOver}
}

// count counts the runs that are to be deleted, and those that stay though they are as old. Damage is told of runs that can't be
// read, where there are others that can be deleted all the same.
func (o *pruneOptions) count(ctx context.Context, history journal.Journal, out *pruned) (damage, err error) {
	if out.Runs, err = history.Prunable(ctx, o.old(*out)); err != nil {
		if out.Runs == 0 || !errors.Is(err, journal.ErrDamaged) {
			return nil, err
		}
		damage = err
	}
	all, err := history.Prunable(ctx, journal.Old{Before: out.Before, LeftOver: true})
	out.Kept = all - out.Runs
	if errors.Is(err, journal.ErrDamaged) { // that of runs which are not asked for does not matter here
		err = nil
	}
	return damage, err
}

// after is the error of a history of which a part can't be pruned.
func (o *pruneOptions) after(runs int, verb string, err error) error {
	return &exitError{status: ExitFailed, message: fmt.Sprintf("%s %s, then: %v", counted(runs, "run"), verb, err), cause: err}
}

// confirm asks before evidence is deleted.
func (o *pruneOptions) confirm(out pruned) error {
	if o.AutoApprove {
		return nil
	}
	what := fmt.Sprintf("%s that ended before %s", counted(out.Runs, "run"), provider.Moment(out.Before))
	if !o.InTerminal || !o.ErrTerminal {
		return fmt.Errorf("nothing was deleted: this would delete %s, and there is no terminal to ask on; --auto-approve deletes without a question", what)
	}
	question := fmt.Sprintf("Delete %s? Only \"yes\" is accepted: ", what)
	if err := o.ask(question); err != nil {
		return fmt.Errorf("nothing was deleted: the question can't be shown: %w", err)
	}
	answer, err := bufio.NewReader(o.In).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" {
		if err != nil {
			o.say("") // the cursor stands behind the question
		}
		return errors.New("nothing was deleted: the answer was not \"yes\"")
	}
	return nil
}
