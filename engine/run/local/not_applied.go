package local

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// notApplied says of a write that counts as done as it was sent what of its step, as the file and what that reads have it by now, was not applied
// with that: the one fact of its step, and what to do. Both are empty where that is nothing, or can't be told.
func (p *Past) notApplied(d Settled) (summary string, warnings []string) {
	if d.Undo {
		return "", nil
	}
	r, step, local, err := p.sender(d.Doubt)
	w := p.sentOf(d.Doubt)
	if err != nil || w == nil || w.action != step.Action {
		return "", nil
	}
	was, err := openSent(p.cfg, w, step.Spec.Spec().Args())
	if err != nil {
		return "", nil
	}
	now, err := r.arguments(step, local)
	if err != nil {
		return "", nil
	}
	differ := differing(step, was, now, func(name string) bool {
		return !p.otherPlan && step.Args[name] != nil && r.scope.ReadsClock(step.Args[name].Expr)
	})
	if on := r.system(step, local); on != nil && w.on.Target != "" && !w.on.Same(*on, r.Redact) {
		differ = append(differ, "on "+on.Target)
	}
	if len(differ) == 0 {
		return "", nil
	}
	what := strings.Join(differ, ", ")
	how := "run the runbook anew"
	if step.Undo != nil {
		how = "undo the step (runbook undo " + p.cfg.RunID + " " + run.Quote(d.Address) + ") and resume, or " + how
	}
	return "counts as done as it was sent; not applied: " + what,
		[]string{"what was sent counts as done; what the file, or what it reads, has by now was not applied: " + what + ". To apply it, " + how}
}

// differing are the arguments that are others than what was sent, as they are now, but for those of which that says nothing.
func differing(step *lang.Step, was, now cty.Value, nothing func(name string) bool) []string {
	var out []string
	before := was.AsValueMap()
	for name, v := range now.AsValueMap() {
		if b, ok := before[name]; (!ok || !bytes.Equal(plainJSON(b), plainJSON(v))) && !nothing(name) {
			out = append(out, name)
		}
	}
	shown := map[string]string{}
	for _, a := range shownArguments(step, now) {
		shown[a.Name] = a.Value
	}
	for i, name := range out {
		out[i] = name + " = " + cmp.Or(shown[name], "null")
	}
	slices.Sort(out)
	return out
}
