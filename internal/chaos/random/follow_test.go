package random

import (
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
)

// follows reports whether a step runs again for what it, or a step whose runbook it is in, depends on, through others too: for what was
// undone, or, where it changes nothing, for whatever runs again, or was settled and ends anew.
func (j *judge) follows(address string, reset []string) bool {
	_, own := split(address)
	looks := own[0] != 'w'
	for {
		prefix, step := split(address)
		if b := j.story.bookOf(prefix); b != nil && b.step(run.StepName(step)) != nil {
			for _, name := range b.before(run.StepName(step)) {
				if j.anyUndone(prefix+name) || looks && j.isAgain(prefix+name, reset) {
					return true
				}
			}
		}
		if prefix == "" {
			return false
		}
		address = strings.TrimSuffix(prefix, "/")
	}
}

func (j *judge) isAgain(step string, reset []string) bool {
	for address, s := range j.steps {
		if (s.doubt || s.half) && run.Covers(step, address) {
			return true
		}
	}
	return slices.ContainsFunc(reset, func(a string) bool { return run.Covers(step, a) })
}

// anyUndone reports whether an instance of a step was undone, or a step of the runbook that it runs.
func (j *judge) anyUndone(step string) bool {
	for address := range j.steps {
		if (run.Covers(step, address) || strings.HasPrefix(address, step+"/") || strings.HasPrefix(address, step+"[")) && j.wasUndone(address) {
			return true
		}
	}
	return false
}

// before lists the steps that one depends on, through others too.
func (b *book) before(name string) []string {
	var out []string
	var visit func(name string)
	visit = func(name string) {
		s := b.step(name)
		if s == nil {
			return
		}
		for _, dep := range s.deps() {
			if !slices.Contains(out, dep) {
				out = append(out, dep)
				visit(dep)
			}
		}
	}
	visit(name)
	return out
}
