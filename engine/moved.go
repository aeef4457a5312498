package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// move is a configuration that names another system than it did in the session before.
type move struct {
	was, now run.Target
	// set is where the configuration takes its system from, as far as its block tells.
	set string
}

func (m move) String() string { return m.was.Moved(m.now, "") }

// compareTargets refuses to go on where the environment has configurations name other systems than they did: what is sent to these, or
// looked for there, has nothing to do with the run. With changes that is one of them: what uses such a configuration runs again. Undos
// are held against what was done, one by one, and a session without secrets sends nothing.
func compareTargets(s *story, changed changes, r *Recalled, opts RecallOptions) (changes, hcl.Diagnostics) {
	if opts.Idle {
		return changed, nil
	}
	moves := moved(s, r, opts)
	if changed.moved = len(moves) > 0; opts.asItWas() {
		return changed, nil
	}
	if len(moves) > 0 && !opts.WithChanges {
		return changed, movedError(moves)
	}
	for _, m := range moves {
		changed.told = append(changed.told, "another system: "+m.String())
		for _, step := range r.Plan.Steps {
			if step.uses(m.now.Provider) {
				changed.touch(step.Name).Whole = true
			}
		}
	}
	return changed, nil
}

// Moved reports whether configurations name other systems than they did in the last session that carried steps out.
func (r *Recalled) Moved() bool { return r.moved }

func movedError(moves []move) hcl.Diagnostics {
	var told, set []string
	all := true
	for _, m := range moves {
		all = all && m.set != ""
		if line := m.String(); !slices.Contains(told, line) {
			told = append(told, line)
		}
		if m.set != "" && !slices.Contains(set, m.set) {
			set = append(set, m.set)
		}
	}
	back := "Bring the environment back as it was, variables, kubeconfig and files"
	if all {
		back = "Set " + strings.Join(set, " and ") + " as it was"
	}
	return problem("The run has another system than it had", fmt.Errorf("nothing was run: %s. %s. To go on with another system on purpose, resume with --with-changes: "+
		"then what uses it runs again there, and what was done on the other is neither looked for nor undone there", strings.Join(told, "; "), back))
}

// moved finds them. The files as they were name the same systems in the same environment; only where the environment is another
// do they not.
func moved(s *story, r *Recalled, opts RecallOptions) []move {
	plan := r.Plan
	if r.former != nil {
		plan = r.former.plan
	}
	out := movesOf(s.targets, plan.Header.Targets, opts)
	for i := range out {
		out[i].set = settings(plan.Runbook, out[i].now.Provider)
	}
	return append(out, movesOf(s.places, plan.Header.Places, opts)...) // of these, the arguments tell
}

// movesOf are the targets of which none is among those that the history has for the same configuration.
func movesOf(was, now []run.Target, opts RecallOptions) []move {
	var out []move
	for _, now := range now {
		var known []run.Target
		same := false
		for _, t := range was {
			if t.Provider == now.Provider {
				known = append(known, t)
				same = same || t.Same(now, opts.Redact)
			}
		}
		if !same && len(known) > 0 {
			out = append(out, move{was: several(known), now: now})
		}
	}
	return out
}

// several names places together, for people.
func several(known []run.Target) run.Target {
	out, all := known[0], []string{known[0].Target}
	for _, t := range known[1:] {
		if !slices.Contains(all, t.Target) {
			all = append(all, t.Target)
		}
	}
	out.Target = strings.Join(all, ", ")
	return out
}

// uses reports whether a step, or one of the runbook that it runs, acts with a configuration.
func (s *PlannedStep) uses(provider string) bool {
	whole, _, _ := strings.Cut(provider, "[")
	return s.Provider == provider || s.Provider == whole || slices.ContainsFunc(s.Steps, func(inner PlannedStep) bool { return inner.uses(provider) })
}

// fromEnvironment finds the variables that an expression reads.
var fromEnvironment = regexp.MustCompile(`(?:secret\("env:|env\(")(\w+)"`)

// settings are the variables of the environment that the block of a configuration reads; empty where it reads anything else.
func settings(rb *lang.Runbook, provider string) string {
	whole, _, _ := strings.Cut(provider, "[")
	name, alias, _ := strings.Cut(whole, ".")
	var out []string
	for _, b := range rb.Providers {
		if b.Provider != name || b.Alias != alias {
			continue
		}
		for _, attr := range b.Config {
			if rb.Surroundings(attr.Expr).Files || b.ForEach != nil && rb.Surroundings(b.ForEach).Files {
				return ""
			}
			for _, found := range fromEnvironment.FindAllStringSubmatch(attr.Expr.Source, -1) {
				out = append(out, found[1])
			}
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " and ")
}
