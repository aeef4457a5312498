package run

// Why a run stops: the reasons of run_stopping.
const (
	StopFailure   = "failure"   // on_failure = "stop"
	StopInterrupt = "interrupt" // Ctrl-C, SIGTERM
	StopTimeout   = "timeout"   // the runbook's timeout
	// StopStepTimeout is why a runbook stops that a step runs whose own timeout has passed.
	StopStepTimeout = "timeout of the step"
	// StopElsewhere is why a run stops of which a step would act on another system than the run did before: that is no failure.
	StopElsewhere = "another system"
)

// verdict is what run_if says of a step whose dependencies have all ended: it goes (an empty outcome), or ends with an
// outcome and a reason.
type verdict struct {
	outcome Outcome
	reason  string
}

// verdicts holds a function for each value of run_if: how the step ends without running, or an empty outcome.
var verdicts = map[string]func(*stepState) Outcome{
	"success": func(s *stepState) Outcome {
		switch {
		case s.cancelled:
			return Cancelled
		case s.fullSkipped:
			return Skipped
		case s.fullBad:
			return Blocked
		}
		return ""
	},
	"none_failed": func(s *stepState) Outcome {
		switch {
		case s.cancelled:
			return Cancelled
		case s.fullBad:
			return Blocked
		}
		return ""
	},
	"failure": func(s *stepState) Outcome {
		switch {
		case s.anyBad:
			return ""
		case s.cancelled:
			return Cancelled
		}
		return Skipped
	},
	"always": func(*stepState) Outcome { return "" },
}

// causes are the outcomes of a dependency that end a step with an outcome, with what is said of that dependency.
var causes = map[Outcome]map[Outcome]string{
	Cancelled: {Cancelled: " was cancelled"},
	Skipped:   {Skipped: " was skipped"},
	Blocked:   {Fail: " did not pass", Error: " did not pass", Blocked: " was blocked"},
}

// because names the first step, in the order of the file, for which another ends with an outcome without running.
func (s *State) because(i int, outcome Outcome) string {
	spec := &s.plan.Steps[i]
	if spec.RunIf == "failure" && outcome == Skipped {
		return "nothing that it depends on failed"
	}
	first, reason := len(s.steps), ""
	for _, d := range spec.Deps {
		if !d.Full || d.Step >= first {
			continue
		}
		if what, ok := causes[outcome][s.steps[d.Step].outcome]; ok {
			first, reason = d.Step, s.plan.Steps[d.Step].Name+what
		}
	}
	return reason
}

// decide settles what happens to a step whose dependencies have all ended.
func (s *State) decide(i int) {
	r := ref{i, -1}
	outcome := verdicts[s.plan.Steps[i].RunIf](&s.steps[i])
	switch {
	case s.stops() != "" && !s.mayStillRun(i):
		s.cancel(r, s.stops())
	case outcome != "":
		s.conclude(r, verdict{outcome, s.because(i, outcome)})
	default:
		s.steps[i].phase = preparing
		s.prepare.push(r)
	}
}

// stops is why nothing new starts, also where it has not been announced yet; empty while the run goes on.
func (s *State) stops() string {
	if s.stopping == "" && s.wantStop {
		return StopFailure
	}
	return s.stopping
}

// MustStop reports whether a step failed that stops the run and Next has not been asked since: commands that it gave
// before must not be carried out any more.
func (s *State) MustStop() bool { return s.wantStop }

// mayStillRun reports whether a step runs although the run stops: it handles a failure, and one of the steps it
// depends on failed.
func (s *State) mayStillRun(i int) bool {
	return s.stops() == StopFailure && s.handlesFailure(i) && s.steps[i].directFailed
}

func (s *State) handlesFailure(i int) bool {
	runIf := s.plan.Steps[i].RunIf
	return runIf == "failure" || runIf == "always"
}

// conclude has a step or an instance end without running (any more).
func (s *State) conclude(r ref, v verdict) {
	in := s.at(r)
	in.phase = settling
	in.outcome = v.outcome
	in.reason = v.reason
	s.settle.push(r)
}

func (s *State) cancel(r ref, why string) {
	s.conclude(r, verdict{Cancelled, stopReason(why)})
}

var stopReasons = map[string]string{
	StopFailure:     "the run stops after a failure (on_failure = \"stop\")",
	StopInterrupt:   "the run was interrupted",
	StopTimeout:     "the runbook's timeout has passed",
	StopElsewhere:   "a step would have acted on another system than the run did before",
	StopStepTimeout: "the timeout of the step that runs this runbook has passed",
}

// IsTimeout reports whether a runbook stops because its time is over.
func IsTimeout(why string) bool { return why == StopTimeout || why == StopStepTimeout }

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
	if s.byHand != nil {
		return // nothing but undos goes on: what waits for a resume goes on waiting
	}
	s.interrupted = s.interrupted || why == StopInterrupt || why == StopElsewhere
	// A failure that was not announced yet came first.
	s.undoing = s.undoing || s.wantStop || why == StopFailure
	s.timedOut = s.timedOut || IsTimeout(why) && s.plan.StopOnFailure
	s.wantStop, s.inOrder = false, false
	for i := range s.steps {
		step := &s.steps[i]
		switch step.phase {
		case idle:
			// A handler of failures is decided when what it depends on has ended.
			if why != StopFailure || !s.handlesFailure(i) {
				s.cancel(ref{i, -1}, why)
			}
		case preparing, ready, toAsk, asking:
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
		case idle, preparing, ready, toAsk, asking:
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
