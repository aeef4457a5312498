package run

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// survivor drives a run over several sessions: it crashes after any event, pauses, stops, and goes on from what the
// events tell.
type survivor struct {
	*driver
	seen *witness
	// deny are the steps whose question is answered with no; doubted the writes that end without anybody knowing how.
	deny, doubted map[string]bool
	// previews are questions that are being worked out; undos those under way.
	previews []string
	undos    []Command
	retries  map[string]int
	timed    bool
	// patient answers nothing, so that time limits and escalations come.
	patient bool
	over    bool
	// first is how many instances steps have before a change of the files gives them others.
	first map[string]int
}

// randomSurvivor draws a plan in which everything occurs.
func randomSurvivor(t *rapid.T, stop bool) *survivor {
	p := randomPlan(t)
	p.StopOnFailure = stop
	for i := range p.Steps {
		s := &p.Steps[i]
		s.Write = s.Serial
		s.Asks = rapid.IntRange(0, 3).Draw(t, "asks") == 0
		s.Undo = rapid.SampledFrom([]UndoKind{UndoNever, UndoNever, UndoOnFailure, UndoOnEnd}).Draw(t, "undo")
		if rapid.IntRange(0, 3).Draw(t, "retry") == 0 {
			s.Retry = &RetryPolicy{Attempts: 3, Delay: time.Second, MaxDelay: time.Second, Writes: true}
		}
		if !s.Write && rapid.IntRange(0, 5).Draw(t, "poll") == 0 {
			s.Poll = &PollPolicy{Interval: time.Second, Timeout: time.Hour}
		}
	}
	d := &driver{t: t, plan: p, world: randomWorld(t, p), starts: map[string]int{}, now: time.Unix(1e9, 0)}
	d.state = NewState(p)
	s := &survivor{driver: d, seen: newWitness(p), deny: map[string]bool{}, doubted: map[string]bool{}, retries: map[string]int{}, first: maps.Clone(d.world.keys)}
	for _, spec := range p.Steps {
		s.deny[spec.Name] = spec.Asks && rapid.IntRange(0, 5).Draw(t, "deny") == 0
	}
	return s
}

func (s *survivor) tell(e Event) {
	if e.Type == StepStarted && e.Key == "" && s.plan.Steps[s.state.byName[StepName(e.Step)]].Write {
		e.Key = fmt.Sprintf("%s/%d", e.Step, len(s.events))
	}
	if e.Type == StepStarted && s.plan.Steps[s.state.byName[StepName(e.Step)]].Write {
		e.Effect = "write"
	}
	s.apply(e)
	s.seen.see(s.t, &s.events[len(s.events)-1])
	occupied := append([]int{s.state.running, s.state.open}, s.state.active...)
	if slices.Min(occupied) < 0 {
		s.t.Fatalf("after %s %s places are less than none: %v", e.Type, e.Step, occupied)
	}
}

// session goes on until the run is over, rests on people, or breaks off after a number of events (negative: it does not).
func (s *survivor) session(events int) {
	for range 20000 {
		if events >= 0 && len(s.events) >= events {
			return
		}
		s.now = s.now.Add(time.Millisecond)
		commands := s.state.Next(s.now)
		if again := s.state.Next(s.now); !cmp.Equal(commands, again) {
			s.t.Fatalf("Next is not repeatable: %s", cmp.Diff(commands, again))
		}
		for _, c := range commands {
			if s.do(c) || events >= 0 && len(s.events) >= events {
				return
			}
			if s.state.MustStop() {
				break
			}
		}
		if len(commands) == 0 || rapid.Bool().Draw(s.t, "go on") {
			if !s.endAny(len(commands) == 0) {
				return
			}
		}
	}
	s.t.Fatalf("the run does not end: %+v", s.state.steps)
}

// do carries a command out and reports whether the run is over.
func (s *survivor) do(c Command) bool {
	switch c.Kind {
	case Start:
		if s.deny[StepName(c.Address)] {
			s.tell(Event{Type: StepFinished, Step: c.Address, Outcome: Fail})
			return false
		}
		s.starts[c.Address]++
		s.tell(Event{Type: StepStarted, Step: c.Address, Attempt: c.Attempt, Key: c.Sent})
		s.live = append(s.live, c.Address)
	case Ask:
		s.tell(Event{Type: StepWaiting, Step: c.Address, For: ForPreview})
		s.previews = append(s.previews, c.Address)
	case TimeUp:
		s.tell(Event{Type: StepFinished, Step: c.Address, Outcome: Fail})
	case Escalate:
		s.tell(Event{Type: StepEscalated, Step: c.Address, Level: &c.Level})
	case Undo:
		s.tell(Event{Type: UndoStarted, Step: c.Address, Undoes: c.Undoes})
		s.undos = append(s.undos, c)
	case Expire:
		s.tell(Event{Type: StepFinished, Step: c.Address, Outcome: Fail})
	case Finish:
		s.tell(Event{Type: RunFinished, Outcome: c.Outcome, Left: s.state.Left(), ExitStatus: new(ExitLeftOver)})
		s.over = true
	case Prepare:
		before := len(s.events)
		s.carryOut(c)
		s.seen.see(s.t, &s.events[before])
	default:
		before := len(s.events)
		s.carryOut(c)
		s.seen.see(s.t, &s.events[before])
	}
	return s.over
}

func take(list *[]string, t *rapid.T, what string) string {
	i := rapid.IntRange(0, len(*list)-1).Draw(t, what)
	address := (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return address
}

// endAny has something that is under way end; false: the run rests, and the session with it.
func (s *survivor) endAny(must bool) bool {
	s.previews = slices.DeleteFunc(s.previews, func(a string) bool { r, _ := s.state.resolve(a); return s.state.at(r).phase != asking })
	switch {
	case len(s.undos) > 0:
		c := s.undos[0]
		s.undos = s.undos[1:]
		s.tell(Event{Type: UndoFinished, Step: c.Address, Undoes: c.Undoes, Outcome: rapid.SampledFrom([]Outcome{Pass, Pass, Error}).Draw(s.t, "undone")})
		return true
	case len(s.previews) > 0 && (len(s.live) == 0 || rapid.Bool().Draw(s.t, "preview")):
		s.question(take(&s.previews, s.t, "preview"))
		return true
	case len(s.live) > 0:
		s.endAttempt(take(&s.live, s.t, "attempt"))
		return true
	}
	waits := s.state.Waits()
	if len(waits) > 0 && !s.patient && rapid.IntRange(0, 3).Draw(s.t, "answer") > 0 {
		w := waits[rapid.IntRange(0, len(waits)-1).Draw(s.t, "which")]
		s.tell(Event{Type: StepAnswered, Step: w.Address, Answer: &Answer{Value: json.RawMessage("true")}})
		return true
	}
	if at, ok := s.state.Wake(); ok {
		if s.now.Before(at) {
			s.now = at
		}
		return true
	}
	if must && len(waits) == 0 {
		s.t.Fatalf("nothing runs and nothing may start: %+v", s.state.steps)
	}
	if must && !s.patient {
		if !s.state.Rests() {
			s.t.Fatalf("it waits for people and does not rest: %+v", s.state.steps)
		}
		s.tell(Event{Type: RunPaused})
		return false
	}
	return true
}

func (s *survivor) question(address string) {
	q := &Question{Kind: AskApproval, OnTimeout: "fail"}
	e := Event{Type: StepWaiting, Step: address, For: ForApproval, Question: q}
	if s.timed {
		q.Levels = []Level{{Number: 1, AfterMS: 10_000}, {Number: 2, AfterMS: 20_000}}
		deadline := s.now.Add(30 * time.Second)
		e.Deadline = &deadline
	}
	s.tell(e)
}

func (s *survivor) endAttempt(address string) {
	spec := s.plan.Steps[s.state.byName[StepName(address)]]
	switch {
	case (spec.Retry != nil || spec.Poll != nil) && s.retries[address] < 2 && rapid.Bool().Draw(s.t, "again"):
		s.retries[address]++
		if spec.Poll != nil {
			until := s.now.Add(time.Second)
			s.tell(Event{Type: StepWaiting, Step: address, For: ForPoll, Until: &until})
			return
		}
		s.tell(Event{Type: StepRetrying, Step: address, DelayMS: 1000})
	case spec.Write && s.doubted[address]:
		s.tell(Event{Type: StepFinished, Step: address, Outcome: Error, InDoubt: true})
	default:
		s.tell(s.finished(address))
	}
}

// finished is how the world has an address end.
func (s *survivor) finished(address string) Event {
	e := Event{Type: StepFinished, Step: address, Outcome: s.world.outcome[address]}
	if e.Outcome != Error {
		e.Result = json.RawMessage("{}")
	}
	return e
}

// crash leaves only the first events, and what they tell.
func (s *survivor) crash(events int) {
	s.events = s.events[:events]
	s.state = NewState(s.plan)
	s.seen = newWitness(s.plan)
	s.live, s.previews, s.undos, s.over = nil, nil, nil, false
	s.world.keys = maps.Clone(s.first)
	for i := range s.events {
		for _, x := range s.events[i].Instances {
			s.world.keys[x.Step] = len(x.Keys)
		}
		if err := s.state.Apply(&s.events[i]); err != nil {
			s.t.Fatalf("replay of %s %s: %v", s.events[i].Type, s.events[i].Step, err)
		}
		s.seen.see(s.t, &s.events[i])
	}
	s.over = s.state.finished
}

// resume goes on with what the events tell, with random decisions about what is in doubt.
func (s *survivor) resume() {
	s.over = false
	waits := s.state.Waits()
	escalated := map[string]int{}
	for _, w := range waits {
		r, _ := s.state.resolve(w.Address)
		escalated[w.Address] = s.state.at(r).asked.escalated
	}
	var done, undone []Doubt
	var redo []string
	doubts, again := s.state.InDoubt(), []string{}
	s.listed(doubts)
	for _, d := range doubts {
		if d.ToSend && rapid.Bool().Draw(s.t, "without a word") {
			continue // it has its turn, or its question, as before
		}
		switch yes := rapid.Bool().Draw(s.t, "took place"); {
		case d.Undo && yes:
			undone = append(undone, d)
		case d.Undo:
		case yes:
			done = append(done, d)
		default:
			redo = append(redo, d.Address)
			if !d.ToSend {
				again = append(again, d.Address)
			}
		}
	}
	reset := append(s.state.Again(effectsOf(undone)...).Steps, again...)
	reset = slices.DeleteFunc(reset, func(a string) bool { return slices.Contains(addressesOf(done), a) })
	slices.Sort(reset)
	instances := s.otherInstances(reset, doubts)
	for _, x := range instances { // those of them that have not ended begin anew
		for _, address := range s.state.Instances(x.Step) {
			_, _, over := s.state.Ended(address)
			if !over && !slices.ContainsFunc(doubts, func(d Doubt) bool { return d.Address == address }) {
				reset = append(reset, address)
			}
		}
	}
	slices.Sort(reset)
	s.tell(Event{Type: RunResumed, Reset: slices.Compact(append([]string{}, reset...)), Instances: instances})
	for _, d := range done {
		s.tell(Event{Type: StepResolved, Step: d.Address, Resolution: &Resolution{Decision: DecisionDone}})
		e := s.finished(d.Address)
		e.Result = json.RawMessage("{}")
		s.tell(e)
	}
	for _, address := range redo {
		s.tell(Event{Type: StepResolved, Step: address, Resolution: &Resolution{Decision: DecisionRedo, How: randomWord(s.t)}})
	}
	for _, d := range doubts {
		if d.Undo && !slices.Contains(effectsOf(undone), d.Undoes) {
			s.tell(Event{Type: StepResolved, Step: d.Address, Undoes: d.Undoes, Resolution: &Resolution{Decision: DecisionRedo}})
		} else if d.Undo {
			s.tell(Event{Type: UndoFinished, Step: d.Address, Undoes: d.Undoes, Outcome: Pass})
		}
	}
	for _, x := range instances {
		reset = append(reset, x.Step)
	}
	waits = slices.DeleteFunc(waits, func(w Wait) bool { return slices.Contains(addressesOf(done), w.Address) })
	s.keepsQuestions(waits, escalated, reset)
}

// listed checks that who reads the events alone lists the same as in doubt.
func (s *survivor) listed(doubts []Doubt) {
	var o Outstanding
	for i := range s.events {
		o.See(&s.events[i])
	}
	var got, want []string
	for _, l := range o.Left() {
		if l.What != LeftUndoFailed {
			got = append(got, l.Name())
		}
	}
	for _, d := range doubts {
		want = append(want, (&Left{Step: d.Address, Undoes: d.Undoes}).Name())
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Fatalf("what is in doubt, and what the events tell of it: %s", diff)
	}
}

// randomWord is how it was decided that a write is sent again.
func randomWord(t *rapid.T) string {
	return rapid.SampledFrom([]string{"asked", HowDeclared}).Draw(t, "how it is sent again")
}

// otherInstances draws one instance more, or less, for steps of which nobody has seen what they did. One that goes is not in doubt, and
// nobody is asked about it.
func (s *survivor) otherInstances(reset []string, doubts []Doubt) []Instances {
	var out []Instances
	for i := range s.plan.Steps {
		name := s.plan.Steps[i].Name
		n := len(s.state.Instances(name))
		seen := slices.ContainsFunc(s.state.Dependents([]string{name}), func(d string) bool { return d != name && s.state.Began(d) })
		if s.state.steps[i].byAddress == nil || seen || slices.Contains(reset, name) || rapid.IntRange(0, 2).Draw(s.t, "other instances") > 0 {
			continue
		}
		last := Address(name, fmt.Sprint(n-1), true)
		_, asks := s.state.WaitOf(last)
		inDoubt := slices.ContainsFunc(doubts, func(d Doubt) bool { return d.Address == last })
		if n > 0 && !inDoubt && !asks && rapid.Bool().Draw(s.t, "one less") {
			n--
		} else {
			if next := Address(name, fmt.Sprint(n), true); s.world.outcome[next] == "" {
				s.world.outcome[next] = rapid.SampledFrom([]Outcome{Pass, Pass, Fail, Error}).Draw(s.t, "instance")
			}
			n++
		}
		s.world.keys[name] = n
		x := Instances{Step: name}
		for k := range n {
			x.Keys = append(x.Keys, fmt.Sprint(k))
		}
		out = append(out, x)
	}
	return out
}

// runsAgain reports whether something of a step runs again, or of one that it waits for, through others too.
func (s *survivor) runsAgain(i int, again []string) bool {
	return slices.ContainsFunc(again, func(a string) bool { return StepName(a) == s.plan.Steps[i].Name }) ||
		slices.ContainsFunc(s.plan.Steps[i].Deps, func(d Dep) bool { return s.runsAgain(d.Step, again) })
}

// keepsQuestions checks that an open question is asked as before, or will be anew once what its step waits for has run again, or ends as its step
// does not run by how what was in doubt has ended.
func (s *survivor) keepsQuestions(waits []Wait, escalated map[string]int, again []string) {
	now := s.state.Waits()
	for _, w := range waits {
		r, _ := s.state.resolve(w.Address)
		at := slices.IndexFunc(now, func(n Wait) bool { return n.Address == w.Address })
		withdrawn := slices.Contains([]phase{idle, preparing}, s.state.at(r).phase)
		if at < 0 && withdrawn && !s.runsAgain(r.step, again) {
			s.t.Fatalf("the question about %s is taken back, and nothing runs again for which it would be: %v", w.Address, again)
		}
		if at < 0 && s.state.at(r).phase == settling {
			continue
		}
		if later := s.state.at(r).asked; at < 0 && withdrawn && later != nil && later.since.IsZero() && later.escalated == 0 {
			continue
		}
		if at < 0 {
			s.t.Fatalf("the question about %s is gone", w.Address)
		}
		if !now[at].Deadline.Equal(w.Deadline) || !now[at].Since.Equal(w.Since) || s.state.at(r).asked.escalated != escalated[w.Address] {
			s.t.Fatalf("the question about %s changed: %+v, %+v", w.Address, w, now[at])
		}
	}
}

func addressesOf(doubts []Doubt) []string {
	var out []string
	for _, d := range doubts {
		out = append(out, d.Address)
	}
	return out
}

func effectsOf(doubts []Doubt) []int64 {
	var out []int64
	for _, d := range doubts {
		out = append(out, d.Undoes)
	}
	return out
}

// toTheEnd resumes until a session ends the run.
func (s *survivor) toTheEnd() {
	for range 200 {
		s.session(-1)
		if s.over {
			if s.state.running != 0 || slices.Max(append(s.state.active, 0)) != 0 {
				s.t.Fatalf("at the end places are taken: %d, %v", s.state.running, s.state.active)
			}
			return
		}
		s.resume()
	}
	s.t.Fatal("the run does not end over its sessions")
}

func (s *survivor) begin(doubt bool) {
	for _, address := range slices.Sorted(maps.Keys(s.world.outcome)) {
		s.doubted[address] = doubt && rapid.IntRange(0, 5).Draw(s.t, "in doubt") == 0
	}
	s.tell(Event{Type: RunStarted})
}

// crashes breaks the run off a few times, each time after any of the events so far, and goes on to the end.
func (s *survivor) crashes() {
	for range rapid.IntRange(1, 4).Draw(s.t, "crashes") {
		s.session(len(s.events) + rapid.IntRange(0, 80).Draw(s.t, "length"))
		if rapid.IntRange(0, 5).Draw(s.t, "stop") == 0 && !s.over && !s.state.paused {
			s.tell(Event{Type: RunStopping, Reason: rapid.SampledFrom([]string{StopInterrupt, StopTimeout}).Draw(s.t, "why")})
			s.session(len(s.events) + rapid.IntRange(0, 30).Draw(s.t, "length"))
		}
		s.crash(rapid.IntRange(1, len(s.events)).Draw(s.t, "crash after"))
		s.resume()
	}
	s.toTheEnd()
}

func TestARunSurvivesCrashes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := randomSurvivor(t, rapid.Bool().Draw(t, "on_failure"))
		s.begin(true)
		s.crashes()
	})
}

// TestCrashesChangeNoOutcome: where the world stays the same, what a run comes to does not depend on how often it broke off.
func TestCrashesChangeNoOutcome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := randomSurvivor(t, false)
		for name := range s.deny {
			s.deny[name] = false
		}
		s.begin(false)
		s.crashes()
		want := oracle(s.plan, s.world)
		for i := range s.plan.Steps {
			name := s.plan.Steps[i].Name
			if s.plan.Steps[i].RunIf == "failure" || s.plan.Steps[i].RunIf == "always" {
				continue
			}
			if got := s.state.Outcome(name); got != want[name] {
				t.Fatalf("%s: got %s, want %s", name, got, want[name])
			}
		}
	})
}

func TestDeadlinesOutliveCrashes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := randomSurvivor(t, false)
		s.timed, s.patient = true, true
		s.begin(false)
		s.crashes()
	})
}
