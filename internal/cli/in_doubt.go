package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// abort leaves everything as it is.
const abort = "abort"

// inDoubt are the values of --in-doubt.
var inDoubt = []string{run.DecisionDone, run.DecisionRedo, abort}

// leave leaves one thing in doubt.
const leave = "leave"

// leaving are those where the rest can be done without.
var leaving = []string{run.DecisionDone, run.DecisionRedo, leave, abort}

// notRedo are those where nothing can be sent again.
var notRedo = []string{run.DecisionDone, abort}

// words are what --in-doubt says of the writes in doubt.
type words struct {
	// each is said of a step alone, others of all that are not named.
	each   map[string]string
	others string
}

// inDoubtFlag declares --in-doubt. What is the noun for what is settled by it, otherwise what happens without it.
func (p *Program) inDoubtFlag(cmd *cobra.Command, to *[]string, store *string, what run.LeftWhat, noun, otherwise string) {
	cmd.Flags().StringArrayVar(to, "in-doubt", nil, "what becomes of "+noun+": done, redo or `abort`; or of one alone, as STEP=done (repeatable); "+otherwise)
	mustComplete(cmd.RegisterFlagCompletionFunc("in-doubt", func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return p.completeInDoubt(cmd.Context(), *store, what, args), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}))
}

// completeInDoubt lists what can be said of all, and of each step of the run that is in doubt.
func (p *Program) completeInDoubt(ctx context.Context, store string, what run.LeftWhat, args []string) []string {
	out := slices.Clone(inDoubt)
	if len(args) == 0 {
		return out
	}
	history, err := p.openHistory(ctx, store, journal.ReadOnly)
	if err != nil || history == nil {
		return out
	}
	defer history.Close()                         //nolint:errcheck // a completion has nobody to tell
	left, _ := outstanding(ctx, history, args[0]) // as far as it can be read
	for _, l := range left.Left() {
		if l.What == run.LeftUndoInDoubt || l.What == what || l.What == run.LeftUndoFailed && what == run.LeftUndoInDoubt {
			for _, value := range inDoubt {
				out = append(out, l.Name()+"="+value)
			}
		}
	}
	return out
}

// parseInDoubt reads --in-doubt flags.
func parseInDoubt(flags []string) (w words, err error) {
	var named []string
	for _, text := range flags {
		_, value, ok := cutAddress(text)
		if !ok {
			value = text
		}
		switch {
		case !known(value, inDoubt):
			return words{}, wrongValue("--in-doubt", value, inDoubt)
		case ok:
			named = append(named, text)
		case w.others != "" && w.others != value:
			return words{}, fmt.Errorf("--in-doubt %s and --in-doubt %s: one word holds for all; say it of a step alone with STEP=%s", w.others, value, value)
		default:
			w.others = value
		}
	}
	w.each, err = parseNamed("--in-doubt", named)
	return w, err
}

func (w words) of(d run.Doubt) string { return cmp.Or(w.ofOne(d), w.others) }

// ofOne is what is said of one alone: by its step or, of an undo, by what that takes back.
func (w words) ofOne(d run.Doubt) string {
	if d.Undo && w.each[undone(d).String()] != "" {
		return w.each[undone(d).String()]
	}
	return w.each[d.Address]
}

// check refuses words about what is not in doubt, and one about two things.
func (w words) check(doubts []run.Doubt) error {
	var errs []error
	var names []string
	undos := map[string][]string{}
	for _, d := range doubts {
		names = append(names, d.Address)
		if d.Undo {
			undos[d.Address] = append(undos[d.Address], undone(d).String())
		}
	}
	for _, step := range slices.Sorted(maps.Keys(w.each)) {
		if slices.ContainsFunc(doubts, func(d run.Doubt) bool { return d.Address == step && !d.Undo && undos[step] != nil }) {
			errs = append(errs, fmt.Errorf("nothing was run: --in-doubt %s=%s: both the step and the undo of what it did before are to be settled; settle the undo first, with runbook undo, "+
				"or say it of each at a terminal", step, w.each[step]))
			continue
		}
		if of := undos[step]; len(of) > 1 {
			errs = append(errs, fmt.Errorf("nothing was run: --in-doubt %s=%s: more than one undo of that step is to be settled; say which: %s", step, w.each[step], strings.Join(of, ", ")))
			continue
		}
		if e, ok := run.ParseEffect(step); slices.Contains(names, step) || ok && slices.Contains(undos[e.Address], step) {
			continue
		}
		among := "; nothing is in doubt"
		if len(doubts) > 0 {
			among = didYouMean(step, names) + "\nIn doubt: " + strings.Join(names, ", ")
		}
		errs = append(errs, fmt.Errorf("nothing was run: --in-doubt %s=%s: nothing of that step is in doubt%s", step, w.each[step], among))
	}
	return errors.Join(errs...)
}

// unused refuses a word for all where there is nothing that it could be about, and says why and what to do: whoever did something by hand is not
// to have it done again.
func (w words) unused(about int, why, instead string) error {
	if w.others == "" || about > 0 {
		return nil
	}
	return fmt.Errorf("nothing was run: --in-doubt %s: %s, so the word is about nothing. %s", w.others, why, instead)
}

// sayIt tells somebody who is not at a terminal how to settle what is in doubt.
func (s *settler) sayIt(doubts []run.Doubt, command string) string {
	all := ""
	if len(doubts) > 1 {
		all = ", which counts for all of them, or of each with --in-doubt STEP=done; at a terminal you are asked about each"
	}
	first := "look"
	if s.away {
		first = "bring back the system that can't be reached, which may tell, and go on with: " + s.command(command) + "\nOnly where it does not come back, look"
	}
	words := "--in-doubt done or --in-doubt redo"
	switch {
	case s.away:
		words = "--in-doubt done where it did (redo counts only once the system can be reached)"
	case s.goesOn && !slices.ContainsFunc(doubts, func(d run.Doubt) bool { return s.mayNotRedo(d) == "" }):
		words = "--in-doubt done"
	}
	what := "whether %s took place"
	if slices.ContainsFunc(doubts, func(d run.Doubt) bool { return d.Partly != "" }) {
		what = "whether all of %s took place"
	}
	return fmt.Sprintf("nothing was run: %s "+what+", and say so with %s%s: %s --in-doubt …",
		first, doubtsNamed(doubts), words, all, s.command(command))
}

func doubtsNamed(doubts []run.Doubt) string {
	names := make([]string, len(doubts))
	for i, d := range doubts {
		names[i] = nameOf(d)
	}
	return strings.Join(names, ", ")
}
