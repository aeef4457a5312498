package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

type runsOptions struct {
	*Program
	Store, Runbook, Outcome, Since string
	Limit                          int
	JSON                           bool
}

func newRuns(p *Program) *cobra.Command {
	o := &runsOptions{Program: p}
	cmd := &cobra.Command{
		Use: "runs", Short: "List the runs of the past, newest first",
		Example: "  runbook runs\n  runbook runs --runbook morning-health-check --outcome fail --since 7d\n  runbook runs --json | jq '.[0].id'",
		Long: "Lists the runs, newest first. A run that has not ended is running, paused (it waits for a person and holds no process) or\n" +
			"interrupted: the program that ran it is gone. What a run leaves for somebody to look at, writes and undos in doubt and undos that failed\n" +
			"or did not run, is named, a step that waits for a person where none could be told, and one that was answered,\n" +
			"so that only a resume is missing. A run of which a part is lost or has changed is called damaged, as far as that is found within\n" +
			"a second; runbook runs check looks at all.",
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Runbook, "runbook", "", "only runs of the runbook of this `NAME`")
	flags.StringVar(&o.Outcome, "outcome", "", "only runs of this `OUTCOME`: "+strings.Join(runOutcomes, ", "))
	flags.StringVar(&o.Since, "since", "", "only runs started since then: a `DURATION` back, such as 7d, or an RFC 3339 time")
	flags.IntVar(&o.Limit, "limit", 50, "at most so many")
	jsonFlag(cmd, &o.JSON, "them")
	storeFlag(cmd, &o.Store)
	cmd.AddCommand(newPrune(p), newCheck(p))
	mustComplete(cmd.RegisterFlagCompletionFunc("outcome", cobra.FixedCompletions(runOutcomes, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// runOutcomes are how a run can end, and where one can stand that has not ended: the words of the column OUTCOME.
var runOutcomes = []string{
	string(run.Pass), string(run.Warn), string(run.Fail), string(run.Error), string(run.Cancelled),
	string(journal.Running), string(journal.Paused), string(journal.Interrupted),
}

// standing is the status that a word of --outcome names; empty: it names an outcome.
func standing(word string) journal.Status {
	switch s := journal.Status(word); s {
	case journal.Running, journal.Paused, journal.Interrupted:
		return s
	}
	return ""
}

func (o *runsOptions) run(ctx context.Context) error {
	filter, err := o.filter()
	if err != nil {
		return err
	}
	history, err := o.openHistory(ctx, o.Store, journal.ReadOnly)
	if err != nil {
		return err
	}
	if history == nil && !o.JSON {
		return o.sayNoHistory(o.Store)
	}
	runs := []listed{}
	if history != nil {
		var err error
		runs, err = o.look(ctx, history, filter)
		switch err = errors.Join(err, history.Close()); {
		case errors.Is(err, journal.ErrAway) && len(runs) == 0:
			return err // nobody knows that there are none
		case err != nil:
			return errors.Join(o.print(runs), err)
		}
	}
	return o.print(runs)
}

// look lists runs with what they leave; what can be read of them beside an error.
func (o *runsOptions) look(ctx context.Context, history journal.Journal, filter journal.Filter) ([]listed, error) {
	found, err := o.settled(ctx, history, filter)
	if errors.Is(err, journal.ErrAway) {
		return nil, err // without the locks nobody knows where they stand
	}
	runs, away := withLeft(ctx, history, found)
	if away != nil {
		return runs, away
	}
	return runs, errors.Join(err, markDamaged(ctx, history, runs))
}

// settled lists runs with where they stand; what can be read of them beside an error.
func (o *runsOptions) settled(ctx context.Context, history journal.Journal, filter journal.Filter) ([]journal.Summary, error) {
	if status := standing(o.Outcome); status != "" {
		return o.at(ctx, history, filter, status)
	}
	runs, err := history.Runs(ctx, filter)
	if err != nil {
		return runs, err
	}
	locks, err := history.Locks(ctx)
	journal.Settle(runs, locks)
	return runs, err
}

// at lists the runs that stand somewhere, however many ended since: only the locks tell which, so that all are looked through.
func (o *runsOptions) at(ctx context.Context, history journal.Journal, filter journal.Filter, status journal.Status) ([]journal.Summary, error) {
	filter.Outcome, filter.Limit = "", math.MaxInt32
	runs, err := history.Runs(ctx, filter)
	if err != nil {
		return nil, err
	}
	locks, err := history.Locks(ctx)
	journal.Settle(runs, locks)
	runs = slices.DeleteFunc(runs, func(r journal.Summary) bool { return r.Status != status })
	return runs[:min(len(runs), o.Limit)], err
}

func (o *runsOptions) print(runs []listed) error {
	if o.JSON {
		return o.printJSON(runs)
	}
	if len(runs) == 0 {
		if o.Runbook == "" && o.Outcome == "" && o.Since == "" {
			o.say("There are no runs yet.")
			return nil
		}
		o.say("There are no such runs.")
		return nil
	}
	return o.printLines(o.rows(runs)...)
}

func (o *runsOptions) filter() (journal.Filter, error) {
	f := journal.Filter{Runbook: o.Runbook, Outcome: run.Outcome(o.Outcome), Limit: o.Limit}
	if o.Limit < 1 {
		return f, fmt.Errorf("--limit %d: give a number from 1", o.Limit)
	}
	if o.Outcome != "" {
		known := false
		for _, name := range runOutcomes {
			known = known || name == o.Outcome
		}
		if !known {
			return f, wrongValue("--outcome", o.Outcome, runOutcomes)
		}
	}
	if o.Since == "" {
		return f, nil
	}
	if at, err := time.Parse(time.RFC3339, o.Since); err == nil {
		f.Since = at
		return f, nil
	}
	back, err := provider.ParseDuration(o.Since)
	if err != nil || back < 0 {
		return f, fmt.Errorf("--since %q is neither a duration such as 7d nor a time such as 2026-01-31T08:00:00Z", o.Since)
	}
	f.Since = o.Now().Add(-back)
	return f, nil
}

// stands is where a run stands, or how it ended: a word of --outcome.
func stands(r journal.Summary) string {
	if r.Status == journal.Ended && r.Outcome != "" {
		return string(r.Outcome)
	}
	return string(r.Status)
}

func (o *runsOptions) rows(runs []listed) []string {
	palette := o.palette(o.OutTerminal)
	rows := [][]string{{"RUN", "STARTED", "RUNBOOK", "OUTCOME", "TIME", "STEPS", ""}}
	for _, r := range runs {
		outcome, took := stands(r.Summary), ""
		if r.Status == journal.Ended && r.Outcome != "" {
			took = view.Duration(time.Duration(r.DurationMS * float64(time.Millisecond)))
		}
		steps := ""
		if len(r.Counts) > 0 {
			steps = view.Counts(r.Counts)
		}
		started := string(journal.Unknown)
		if !r.StartedAt.IsZero() {
			started = provider.Moment(r.StartedAt)
		}
		left := r.leftText()
		rows = append(rows, []string{r.ID, started, term.CleanLine(r.Runbook), outcome, took, steps, term.CleanLine(left)})
		if left != "" {
			rows[0][6] = "LEFT TO LOOK AT"
		}
	}
	lines := table(rows)
	lines[0] = palette.Faint(lines[0])
	return lines
}
