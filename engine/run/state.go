package run

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// State is the fold of a run's events. It is not safe for concurrent use. Make one with [NewState], feed it every event
// with Apply, and ask Next what may happen.
type State struct {
	plan  *Plan
	steps []stepState
	// out lists for each step who waits for it.
	out    [][]dependent
	byName map[string]int

	started  bool
	finished bool
	// open counts the steps that have not ended, running the attempts under way, active those of each group.
	open    int
	running int
	active  []int
	// stopping is why nothing new starts, or empty; wantStop is a failure that has not been announced yet.
	stopping string
	wantStop bool
	// paused is true between sessions; undoing when the steps' undos on failure are due; timedOut when they will be, should
	// the runbook's timeout cut a step off.
	paused, undoing, timedOut bool
	// interrupted is true once the last session that ran steps was told to stop, or steps are undone of one that has no end: undos by hand leave it so.
	interrupted bool
	// resumed is true from the second session on, otherPlan while events may be of another plan.
	resumed, otherPlan bool
	// effects are what executions of steps with an undo did, in the order in which they ended; ends, by the address of a step
	// that runs a runbook, the numbers of the events that told its ends. children are those runbooks, above the one around this.
	effects  []*effect
	ends     map[string][]int64
	children []child
	above    *State
	// order is what nextUndo has left to go through, from its end, while inOrder says that it is up to date; stuck are the steps of
	// which a later effect could not be undone. under is what was begun to be undone last.
	order   []placed
	inOrder bool
	stuck   map[string]bool
	under   *effect
	// byHand are the addresses, or the effects by their names, whose undo was asked for; nil: the run goes its own way.
	byHand map[string]bool
	// keepsWaiting says that the run was paused before undos were asked for, and is so after them.
	keepsWaiting bool

	prepare queue
	settle  queue
	ask     queue // are to be asked about
	due     queue // wait for a person, and a time limit or an escalation has come
	levels  queue // wait for a person, and contacts of levels are to be told
	// ready holds a queue for each group, and the last for the steps of none.
	ready   []queue
	waiting timers
	// tickets order what became ready, over all queues.
	tickets int64
}

type dependent struct {
	step              int
	full, order, turn bool
}

// phase is where a step or an instance stands.
type phase uint8

const (
	idle      phase = iota // waits for its dependencies, or for its turn in a serial step
	preparing              // its dependencies let it run; when, for_each and arguments are to be evaluated
	expanded               // a step whose instances go their own ways
	ready                  // waits for a place
	running                // an attempt is under way
	waiting                // waits for a retry's delay or the next poll
	toAsk                  // a question is to be worked out
	asking                 // waits for a person
	settling               // ends without having run
	ended
)

type stepState struct {
	instance
	// missing counts the dependencies that have not ended.
	missing int
	// held says that the step ended and something that it waited for has not, or runs again in this session: who waits for the step
	// waits for that too. told says that this is so for writes that take turns with it alone, as it was cancelled.
	held, told bool
	// What the ended dependencies came to; the full ones count for every run_if.
	fullBad, fullSkipped, cancelled, anyBad, directFailed bool

	keys []string
	// byAddress finds an instance by its whole address.
	byAddress map[string]int
	instances []instance
	// gone are those that a change of the files took away, by address: what ended, or has the key of a write that is to be sent again.
	gone map[string]instance
	// left counts the instances that have not ended.
	left int
	// anew says that it is expanded once more, in its turn: it has other instances than it had then, of which those that stay keep what they did.
	anew bool
}

// instance is a step without for_each, or one of its instances.
type instance struct {
	phase   phase
	outcome Outcome
	reason  string
	ticket  int64
	// attempts counts all; tries those since the last read that ended.
	attempts, tries int
	firstStart      time.Time
	wake            time.Time
	// heldSince is when a poll's condition began to hold; zero while it does not.
	heldSince time.Time
	// asked is nil while nobody was asked, sent while nothing was sent that changes something.
	asked *asked
	sent  *sent
	// effect is what the last execution did, where there is an undo for it; nil: nothing, or the step was reset.
	effect *effect
	// partly is the write where it erred after a part of it took place; nil: it did not.
	partly *Doubt
	// unchanged says that it changed nothing: there is nothing to undo.
	unchanged bool
	// yields says that a step that runs a runbook holds no place, as that runbook only waits.
	yields bool
	// atOnce says that it ended with its step as a whole, before that came to its instances.
	atOnce bool
}

// ref names a step (key -1) or one of its instances.
type ref struct{ step, key int }

// NewState begins a run of plan.
func NewState(plan *Plan) *State {
	s := &State{
		plan: plan, steps: make([]stepState, len(plan.Steps)), out: make([][]dependent, len(plan.Steps)),
		byName: make(map[string]int, len(plan.Steps)), open: len(plan.Steps),
		active: make([]int, len(plan.Limits)), ready: make([]queue, len(plan.Limits)+1),
	}
	for i, spec := range plan.Steps {
		s.byName[spec.Name] = i
		s.steps[i].missing = len(spec.Deps)
		for _, d := range spec.Deps {
			s.out[d.Step] = append(s.out[d.Step], dependent{step: i, full: d.Full, order: d.Order, turn: d.Order || d.Turn})
		}
	}
	return s
}

// Address writes the name of a step or of one of its instances: name, or name["key"].
func Address(name, key string, keyed bool) string {
	if !keyed {
		return name
	}
	return fmt.Sprintf("%s[%q]", name, key)
}

// StepName is the step's name in an address.
func StepName(address string) string {
	name, _, _ := strings.Cut(address, "[")
	return name
}

// SplitAddress parts the address of a step of a runbook that another step runs: db["eu/1"]/ping is db["eu/1"] and ping.
// rest is empty for a step of the runbook itself.
func SplitAddress(address string) (head, rest string) {
	name, key := address, ""
	if at := strings.IndexAny(address, "[/"); at >= 0 && address[at] == '[' {
		quoted, err := strconv.QuotedPrefix(address[at+1:])
		if err != nil {
			return address, ""
		}
		end := at + 1 + len(quoted) + 1
		if end > len(address) {
			return address, ""
		}
		name, key = address[:at], address[at:end]
	} else if at >= 0 {
		name = address[:at]
	}
	head = name + key
	return head, strings.TrimPrefix(address[len(head):], "/")
}

// Around are the addresses of the steps whose runbooks the step of an address is in, the outermost first.
func Around(address string) []string {
	var out []string
	for prefix := ""; ; {
		head, rest := SplitAddress(address)
		if rest == "" {
			return out
		}
		out = append(out, prefix+head)
		prefix, address = prefix+head+"/", rest
	}
}

// Covers reports whether an address is that of a step, or of an instance of it.
func Covers(step, address string) bool {
	key, ok := strings.CutPrefix(address, step)
	if !ok || key == "" {
		return ok
	}
	_, below := SplitAddress(key)
	return key[0] == '[' && below == ""
}

// Quote writes an address as a shell takes it.
func Quote(address string) string {
	if strings.ContainsAny(address, " \t\"'[]*?$&|;<>()`\\") {
		return "'" + strings.ReplaceAll(address, "'", `'\''`) + "'"
	}
	return address
}

// resolve finds what an address names.
func (s *State) resolve(address string) (ref, error) {
	name := StepName(address)
	i, ok := s.byName[name]
	if !ok {
		return ref{}, fmt.Errorf("the plan has no step %q", name)
	}
	if name == address {
		return ref{i, -1}, nil
	}
	if at, ok := s.steps[i].byAddress[address]; ok {
		return ref{i, at}, nil
	}
	return ref{}, fmt.Errorf("step %q has no instance %s", name, address)
}

func (s *State) at(r ref) *instance {
	if r.key < 0 {
		return &s.steps[r.step].instance
	}
	return &s.steps[r.step].instances[r.key]
}

func (s *State) address(r ref) string {
	name := s.plan.Steps[r.step].Name
	if r.key < 0 {
		return name
	}
	return Address(name, s.steps[r.step].keys[r.key], true)
}

// Outcome is how a step ended; empty while it has not.
func (s *State) Outcome(name string) Outcome {
	if i, ok := s.byName[name]; ok && s.steps[i].phase == ended {
		return s.steps[i].outcome
	}
	return ""
}

// Stopping is why nothing new starts, or empty.
func (s *State) Stopping() string { return s.stopping }

// Interrupted reports whether the last session that ran steps was told to stop, or broke off before undos by hand, which leave that as it is.
func (s *State) Interrupted() bool { return s.interrupted }

// Open reports whether a step has not ended.
func (s *State) Open() bool { return s.open > 0 }

// Failing reports whether the run stops after a failure, so that undos on failure are due at its end.
func (s *State) Failing() bool { return s.undoing || s.wantStop || s.timedOut && s.open > 0 }

// Finished reports whether run_finished was applied.
func (s *State) Finished() bool { return s.finished }

// Counts counts the ended steps and instances by outcome: an expanded step counts as its instances. Those that ended with it at once, before it
// was expanded anew, count as one: one event tells their end.
func (s *State) Counts() map[Outcome]int {
	counts := map[Outcome]int{}
	for i := range s.steps {
		step := &s.steps[i]
		if len(step.instances) == 0 {
			if step.phase == ended {
				counts[step.outcome]++
			}
			continue
		}
		atOnce := false
		for j := range step.instances {
			in := &step.instances[j]
			if in.phase == ended && (!in.atOnce || !atOnce) {
				counts[in.outcome]++
			}
			atOnce = atOnce || in.atOnce
		}
	}
	return counts
}

// RunOutcome is the worst outcome of the steps. One that has not ended when the run does counts as cancelled.
func (s *State) RunOutcome() Outcome {
	worst := Pass
	if s.open > 0 {
		worst = Cancelled
	}
	for i := range s.steps {
		if s.steps[i].phase == ended {
			worst = Worse(worst, s.steps[i].outcome)
		}
	}
	switch worst {
	case Skipped, Blocked:
		return Pass
	}
	return worst
}
