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

// isJudged reports whether a step that changes nothing runs again for a check that does, as that failed: in its runbook, or of a step around that.
func (j *judge) isJudged(address string, reset []string) bool {
	prefix, own := split(address)
	if own[0] == 'w' {
		return false
	}
	if b := j.story.bookOf(prefix); b != nil {
		for _, s := range b.steps {
			if s.kind == check && j.isAgain(prefix+s.name, reset) && slices.Contains(s.deps(), run.StepName(own)) {
				return true
			}
		}
	}
	for prefix != "" {
		around := strings.TrimSuffix(prefix, "/")
		if s := j.steps[around]; s != nil && (s.outcome == run.Fail || s.outcome == run.Error) && j.isAgain(around, reset) {
			return true
		}
		prefix, _ = split(around)
	}
	return false
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
