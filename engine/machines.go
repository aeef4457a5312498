package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// compareMachines refuses to go on with a run of which something is left that belongs to another machine than this. With changes that is
// one of them, for which nothing runs again. A session that only undoes tells of each undo.
func (r *Recalled) compareMachines(opts RecallOptions) hcl.Diagnostics {
	if opts.asItWas() {
		return nil
	}
	away := r.Past.Away(r.onMachines(), r.Affected)
	switch {
	case away == nil:
		return nil
	case !opts.WithChanges:
		left := slices.Concat(prefixed("step ", away.Steps), prefixed("the undo of step ", away.Undos))
		return problem("The run has another machine than it had", fmt.Errorf("nothing was run: %s. What is left of the run belongs to the first: %s. Resume it on %s; or, to "+
			"go on here on purpose, with --with-changes: then its steps run here, and what was done there is neither looked for nor undone here",
			away.Was.Moved(away.Now, ""), strings.Join(left, ", "), away.Was.Target))
	}
	r.otherMachine = true
	told := slices.Concat(prefixed("runs here: ", away.Steps), prefixed("not undone here: ", away.Undos))
	r.Changes = append(slices.Clone(r.Changes), "another machine: "+away.Was.Moved(away.Now, "")+"; "+strings.Join(told, "; "))
	return nil
}

// prefixed puts a word before each of some steps.
func prefixed(word string, steps []string) []string {
	var out []string
	for _, s := range steps {
		out = append(out, word+s)
	}
	return out
}

// onMachines are the steps that act on the machine that runs them, by where that is.
func (r *Recalled) onMachines() map[string][]string {
	out := map[string][]string{}
	var add func(steps []PlannedStep)
	add = func(steps []PlannedStep) {
		for _, s := range steps {
			if s.machine != "" {
				out[s.machine] = append(out[s.machine], s.Name)
			}
			add(s.Steps)
		}
	}
	add(r.Plan.Steps)
	return out
}
