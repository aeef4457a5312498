package run

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var began = time.Unix(1e9, 0).UTC()

// tell applies events a second apart and gives the time after the last.
func tell(t *testing.T, s *State, events ...Event) time.Time {
	t.Helper()
	at := began
	for i := range events {
		at = began.Add(time.Duration(i) * time.Second)
		events[i].Time = at
		if err := s.Apply(&events[i]); err != nil {
			t.Fatal(err)
		}
		s.Next(at)
	}
	return at
}

func kinds(commands []Command) []CommandKind {
	out := []CommandKind{}
	for _, c := range commands {
		out = append(out, c.Kind)
	}
	return out
}

// TestAskedAnewAfterANo: a run that goes on after somebody said no, or nobody anything, asks again, and for the whole time.
func TestAskedAnewAfterANo(t *testing.T) {
	deadline := began.Add(time.Minute)
	for name, end := range map[string]struct {
		events []Event
		kind   CommandKind
		since  time.Time
	}{
		"no": {events: []Event{
			{Type: StepAnswered, Step: "a", Answer: &Answer{Value: json.RawMessage("false")}}, {Type: StepFinished, Step: "a", Outcome: Fail},
		}, kind: Ask},
		"nobody":                             {events: []Event{{Type: StepFinished, Step: "a", Outcome: Fail}}, kind: Ask},
		"an interrupt, and the process died": {events: []Event{{Type: RunStopping, Reason: StopInterrupt}}, kind: Ask},
		"yes, and an interrupt": {events: []Event{
			{Type: StepAnswered, Step: "a", Answer: &Answer{Value: json.RawMessage("true")}}, {Type: StepFinished, Step: "a", Outcome: Cancelled},
		}, kind: Start, since: began.Add(3 * time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Asks: true}}})
			events := append([]Event{
				{Type: RunStarted}, {Type: StepReady, Step: "a"}, {Type: StepWaiting, Step: "a", For: ForPreview},
				{Type: StepWaiting, Step: "a", For: ForApproval, Question: &Question{}, Deadline: &deadline},
			}, end.events...)
			at := tell(t, s, append(events, Event{Type: RunFinished}, Event{Type: RunResumed, Reset: []string{"a"}}, Event{Type: StepReady, Step: "a"})...)
			if diff := cmp.Diff([]CommandKind{end.kind}, kinds(s.Next(at))); diff != "" {
				t.Error(diff)
			}
			if since := s.AskedAs("a").Since; !since.Equal(end.since) {
				t.Errorf("the time counts from %s", since)
			}
		})
	}
}

// TestLevelsAndLimit: each comes at its own time, and the limit does not follow on the last level.
func TestLevelsAndLimit(t *testing.T) {
	s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Asks: true}}})
	deadline := began.Add(time.Hour)
	q := &Question{OnTimeout: "fail", Levels: []Level{{Number: 1, AfterMS: 600_000}, {Number: 2, AfterMS: 1_200_000}}}
	tell(t, s, Event{Type: RunStarted}, Event{Type: StepReady, Step: "a"}, Event{Type: StepWaiting, Step: "a", For: ForAnswer, Question: q, Deadline: &deadline})
	var told []string
	for minute := range 61 {
		now := began.Add(time.Duration(minute)*time.Minute + 3*time.Second)
		for _, c := range s.Next(now) {
			e := &Event{Type: StepEscalated, Step: "a", Time: now, Level: &c.Level}
			what := " level"
			if c.Kind == TimeUp {
				e = &Event{Type: StepFinished, Step: "a", Time: now, Outcome: Fail}
				what = " time is up"
			}
			told = append(told, now.Sub(began).Truncate(time.Minute).String()+what)
			if err := s.Apply(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]string{"10m0s level", "20m0s level", "1h0m0s time is up"}, told); diff != "" {
		t.Error(diff)
	}
}

// TestSerialAfterAResume: an instance whose turn comes after one that passed is not forgotten.
func TestSerialAfterAResume(t *testing.T) {
	s := NewState(&Plan{MaxParallel: 3, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Serial: true, Write: true}}})
	keys := []string{"x", "y", "z"}
	start := func(k string) []Event {
		return []Event{{Type: StepReady, Step: `a["` + k + `"]`}, {Type: StepStarted, Step: `a["` + k + `"]`}}
	}
	end := func(k string, o Outcome) Event { return Event{Type: StepFinished, Step: `a["` + k + `"]`, Outcome: o} }
	events := append([]Event{{Type: RunStarted}, {Type: StepExpanded, Step: "a", Keys: &keys}}, start("x")...)
	events = append(append(events, end("x", Fail)), start("y")...)
	events = append(append(events, end("y", Pass)), start("z")...)
	events = append(events, end("z", Fail), Event{Type: RunFinished}, Event{Type: RunResumed, Reset: []string{`a["x"]`, `a["z"]`}})
	events = append(append(events, start("x")...), end("x", Pass))
	at := tell(t, s, events...)
	want := []Command{{Kind: Prepare, Step: 0, Key: 2, Address: `a["z"]`}}
	if diff := cmp.Diff(want, s.Next(at)); diff != "" {
		t.Error(diff)
	}
}

// TestSerialSettledTogether: when two instances in doubt end as done, one and only one follows.
func TestSerialSettledTogether(t *testing.T) {
	s := NewState(&Plan{MaxParallel: 3, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Serial: true, Write: true}}})
	keys := []string{"0", "1", "2", "3"}
	done := &Resolution{Decision: DecisionDone}
	at := tell(t, s,
		Event{Type: RunStarted}, Event{Type: StepExpanded, Step: "a", Keys: &keys},
		Event{Type: StepReady, Step: `a["0"]`}, Event{Type: StepStarted, Step: `a["0"]`},
		Event{Type: StepFinished, Step: `a["0"]`, Outcome: Error, InDoubt: true},
		Event{Type: StepReady, Step: `a["1"]`}, Event{Type: StepStarted, Step: `a["1"]`},
		Event{Type: RunResumed, Reset: []string{}},
		Event{Type: StepResolved, Step: `a["0"]`, Resolution: done}, Event{Type: StepFinished, Step: `a["0"]`, Outcome: Pass},
		Event{Type: StepResolved, Step: `a["1"]`, Resolution: done}, Event{Type: StepFinished, Step: `a["1"]`, Outcome: Pass},
	)
	want := []Command{{Kind: Prepare, Step: 0, Key: 2, Address: `a["2"]`}}
	if diff := cmp.Diff(want, s.Next(at)); diff != "" {
		t.Error(diff)
	}
}
