package engine

import (
	"fmt"

	"github.com/e82355ed/runbook/engine/provider"
)

// effectsTold names by effect what somebody who is asked about steps is told to change something: steps, those of the runbooks that
// they run, and undos.
func effectsTold(steps []PlannedStep) map[string][]string {
	out := map[string][]string{}
	eachTold(steps, func(s *PlannedStep) {
		if s.Effect != provider.Read {
			out[s.Effect.String()] = append(out[s.Effect.String()], s.Name)
		}
	})
	return out
}

// eachTold calls do with each step that does something itself, and with each undo as one.
func eachTold(steps []PlannedStep, do func(*PlannedStep)) {
	for i := range steps {
		s := &steps[i]
		if len(s.Steps) > 0 {
			eachTold(s.Steps, do)
		} else {
			do(s)
		}
		if s.Undo != nil {
			do(&PlannedStep{Name: "undo of " + s.Name, Effect: s.Undo.Effect, Unsure: s.Undo.Unsure})
		}
	}
}

// Worse tells which of the remaining steps do worse by now than they did in the plan with which the run began: the approval of then is not for
// that. Where the files are others, or nobody approved beforehand, it tells none: what is asked then is asked about all.
func (r *Recalled) Worse() []string {
	if !r.Approved() || len(r.Changes) > 0 {
		return nil
	}
	told := map[string]provider.Effect{}
	for effect, names := range r.approved {
		for _, name := range names {
			told[name], _ = provider.ParseEffect(effect)
		}
	}
	var out []string
	eachTold(r.Remaining(), func(s *PlannedStep) {
		if was := told[s.Name]; s.Effect > was {
			out = append(out, fmt.Sprintf("%s is %s by now, and was told as a %s when the run began", s.Name, noun(s), was))
		}
	})
	return out
}
