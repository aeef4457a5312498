package run

// Why a run stops: the reasons of run_stopping.
const (
	StopFailure   = "failure"   // on_failure = "stop"
	StopInterrupt = "interrupt" // Ctrl-C, SIGTERM
	StopTimeout   = "timeout"   // the runbook's timeout
)

// verdict is what run_if says of a step whose dependencies have all ended: it goes (an empty outcome), or ends with an
// outcome and a reason.
type verdict struct {
	outcome Outcome
	reason  string
}

// verdicts holds a function for each value of run_if.
var verdicts = map[string]func(*stepState) verdict{
	"success": func(s *stepState) verdict {
		switch {
		case s.cancelled:
			return verdict{Cancelled, "a step it depends on was cancelled"}
		case s.fullSkipped:
			return verdict{Skipped, "a step it depends on was skipped"}
		case s.fullBad:
			return verdict{Blocked, "a step it depends on did not pass"}
		}
		return verdict{}
	},
	"none_failed": func(s *stepState) verdict {
		switch {
		case s.cancelled:
			return verdict{Cancelled, "a step it depends on was cancelled"}
		case s.fullBad:
			return verdict{Blocked, "a step it depends on did not pass"}
		}
		return verdict{}
	},
	"failure": func(s *stepState) verdict {
		switch {
		case s.anyBad:
			return verdict{}
		case s.cancelled:
			return verdict{Cancelled, "a step it depends on was cancelled"}
		}
		return verdict{Skipped, "nothing that it depends on failed"}
	},
	"always": func(*stepState) verdict { return verdict{} },
}

// decide settles what happens to a step whose dependencies have all ended.
func (s *State) decide(i int) {
	step := &s.steps[i]
	r := ref{i, -1}
	v := verdicts[s.plan.Steps[i].RunIf](step)
	if s.stopping != "" && !s.mayStillRun(i) {
		v = verdict{Cancelled, stopReason(s.stopping)}
	}
	if v.outcome == "" {
		step.phase = preparing
		s.prepare.push(r)
		return
	}
	s.end(r, v)
}

// mayStillRun reports whether a step runs although the run stops: it handles a failure, and one of the steps it
// depends on failed.
func (s *State) mayStillRun(i int) bool {
	return s.stopping == StopFailure && s.handlesFailure(i) && s.steps[i].directFailed
}

func (s *State) handlesFailure(i int) bool {
	runIf := s.plan.Steps[i].RunIf
	return runIf == "failure" || runIf == "always"
}

// end has a step or an instance end without running (any more).
func (s *State) end(r ref, v verdict) {
	in := s.at(r)
	in.phase = settling
	in.outcome = v.outcome
	in.reason = v.reason
	s.settle.push(r)
}

func (s *State) cancel(r ref, why string) {
	s.end(r, verdict{Cancelled, stopReason(why)})
}

var stopReasons = map[string]string{
	StopFailure:   "the run stops after a failure (on_failure = \"stop\")",
	StopInterrupt: "the run was interrupted",
	StopTimeout:   "the runbook's timeout has passed",
}

func stopReason(why string) string {
	if text, ok := stopReasons[why]; ok {
		return text
	}
	return "the run was stopped: " + why
}

// stop cancels everything that has not started, and what waits unless the reason is a failure, which lets the steps
// under way end. A second reason may follow the first: an interrupt while a failed run winds down.
func (s *State) stop(why string) {
	s.stopping = why
	s.wantStop = false
	for i := range s.steps {
		step := &s.steps[i]
		switch step.phase {
		case idle:
			// A handler of failures is decided when what it depends on has ended.
			if why != StopFailure || !s.handlesFailure(i) {
				s.cancel(ref{i, -1}, why)
			}
		case preparing, ready:
			if !s.mayStillRun(i) {
				s.cancel(ref{i, -1}, why)
			}
		case waiting:
			if why != StopFailure {
				s.cancel(ref{i, -1}, why)
			}
		case expanded:
			s.stopInstances(i, why)
		}
	}
}

func (s *State) stopInstances(i int, why string) {
	for k := range s.steps[i].instances {
		r := ref{i, k}
		switch s.at(r).phase {
		case idle, preparing, ready:
			if !s.mayStillRun(i) {
				s.cancel(r, why)
			}
		case waiting:
			if why != StopFailure {
				s.cancel(r, why)
			}
		}
	}
}
