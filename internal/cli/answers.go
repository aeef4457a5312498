package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/view"
)

// answersFlag declares --answer.
func answersFlag(cmd *cobra.Command, to *[]string) {
	cmd.Flags().StringArrayVar(to, "answer", nil, "answer a manual step beforehand, `STEP=VALUE` as \"runbook answer\" takes it (repeatable); never an approval")
}

// parseNamed reads flags that say something of one step each, as STEP=VALUE.
func parseNamed(flag string, texts []string) (map[string]string, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	named := map[string]string{}
	for _, text := range texts {
		step, value, ok := cutAddress(text)
		if !ok || step == "" {
			return nil, fmt.Errorf("%s %q: write STEP=VALUE", flag, text)
		}
		if _, twice := named[step]; twice {
			return nil, fmt.Errorf("%s %s: the step is named twice", flag, step)
		}
		named[step] = value
	}
	return named, nil
}

// cutAddress takes "step=value" apart; a key of an instance may hold an =.
func cutAddress(text string) (step, value string, ok bool) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '=' && !quoted:
			return strings.TrimSpace(text[:i]), text[i+1:], true
		}
	}
	return "", "", false
}

// checkAnswers refuses answers beforehand that can't be any: to steps that take none, or that don't fit their questions. Open are
// the questions of a run that goes on.
func (p *Program) checkAnswers(plan *engine.Plan, answers map[string]string, open []run.Wait) error {
	for _, address := range slices.Sorted(maps.Keys(answers)) {
		if err := takesAnswer(plan.Runbook, address); err != nil {
			return err
		}
		err := plan.CheckAnswer(address, answers[address])
		if at := slices.IndexFunc(open, func(w run.Wait) bool { return w.Address == address }); at >= 0 {
			_, err = open[at].Question.Beforehand(answers[address])
			if over := open[at].Over(); err == nil && !over.IsZero() && !p.Now().Before(over) {
				err = fmt.Errorf("the time to answer was over at %s, and no answer counts any more. What follows when the run goes on: %s. Resume it without --answer %s for that",
					provider.Moment(over), view.Then(open[at].Question, p.viewConfig(false)), address)
			}
		}
		if err != nil {
			return fmt.Errorf("nothing was run: --answer %s: %w", address, err)
		}
	}
	return nil
}

// takesAnswer refuses an answer to a step that takes none.
func takesAnswer(rb *lang.Runbook, address string) error {
	step, instance, names := findStep(rb, address)
	switch {
	case step == nil:
		return fmt.Errorf("nothing was run: --answer %s: there is no such step%s", address, didYouMean(address, names))
	case !asks(step) && step.Approval != nil:
		return fmt.Errorf("nothing was run: --answer %s: an approval can't be given beforehand, as it is bound to what the step is about to do; "+
			"approve it at the terminal, or with runbook answer when the step waits", address)
	case !asks(step):
		return fmt.Errorf("nothing was run: --answer %s: the step asks nobody", address)
	case instance != "":
		return fmt.Errorf("nothing was run: --answer %s: %s", address, instance)
	}
	return nil
}

func asks(s *lang.Step) bool { return s.Spec != nil && s.Spec.Spec().Asks }

// findStep finds the step that an address names, in the runbooks that steps run too; with the addresses of those that ask,
// where there is none. Instance says why the address is none of an instance of it, and what one is; empty: it may be one.
func findStep(rb *lang.Runbook, address string) (found *lang.Step, instance string, names []string) {
	right := ""
	var visit func(rb *lang.Runbook, prefix, above, rest string)
	visit = func(rb *lang.Runbook, prefix, above, rest string) {
		head, below := run.SplitAddress(rest)
		for _, s := range rb.Steps {
			if asks(s) {
				names = append(names, prefix+s.Name)
			}
			whole, under := above+instanceOf(s, head), ""
			if rest != "" && run.StepName(head) == s.Name {
				if under = below; below == "" {
					found, right = s, whole
				}
				if instance == "" {
					instance = wrongInstance(s, head)
				}
			}
			if s.Child != nil {
				visit(s.Child, prefix+s.Name+"/", whole+"/", under)
			}
		}
	}
	if visit(rb, "", "", address); instance != "" {
		instance += ", as " + right
	}
	return found, instance, names
}

// wrongInstance says why a part of an address names no instance of a step.
func wrongInstance(s *lang.Step, part string) string {
	switch keyed := part != s.Name; {
	case s.ForEach != nil && !keyed:
		return fmt.Sprintf("step %s has a for_each; answer each of its instances", s.Name)
	case s.ForEach == nil && keyed:
		return fmt.Sprintf("step %s has no for_each, so no instance %s; answer without one", s.Name, part)
	}
	return ""
}

// instanceOf is a part of an address as it is to be: with the key that it has, where the step has a for_each.
func instanceOf(s *lang.Step, part string) string {
	switch {
	case s.ForEach == nil:
		return s.Name
	case part == s.Name:
		return s.Name + `["KEY"]`
	}
	return part
}
