package run

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// single drives a plan of one step by hand.
type single struct {
	t     *testing.T
	state *State
	now   time.Time
}

func newSingle(t *testing.T, spec StepSpec) *single {
	spec.Name, spec.RunIf, spec.Group = "s", "success", -1
	s := &single{t: t, state: NewState(&Plan{Steps: []StepSpec{spec}, MaxParallel: 1}), now: time.Unix(1000, 0)}
	s.apply(Event{Type: RunStarted})
	s.apply(Event{Type: StepReady, Step: "s"})
	return s
}

func (s *single) apply(e Event) {
	s.t.Helper()
	e.Time = s.now
	if err := s.state.Apply(&e); err != nil {
		s.t.Fatal(err)
	}
}

func (s *single) next() Command {
	s.t.Helper()
	c := s.state.Next(s.now)
	if len(c) != 1 {
		s.t.Fatalf("want one command, got %+v", c)
	}
	return c[0]
}

func (s *single) start() {
	s.t.Helper()
	c := s.next()
	if c.Kind != Start {
		s.t.Fatalf("want a start, got %+v", c)
	}
	s.apply(Event{Type: StepStarted, Step: "s", Attempt: c.Attempt})
}

func (s *single) after(o Observation) Decision {
	s.t.Helper()
	o.Time = s.now
	d, err := s.state.After("s", o)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func TestRetryDelays(t *testing.T) {
	s := newSingle(t, StepSpec{Retry: &RetryPolicy{Attempts: 4, Delay: time.Second, MaxDelay: 3 * time.Second}})
	for _, want := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second} {
		s.start()
		d := s.after(Observation{Err: true})
		if diff := cmp.Diff(Decision{Kind: Again, Delay: want, Jitter: true}, d); diff != "" {
			t.Fatal(diff)
		}
		s.apply(Event{Type: StepRetrying, Step: "s", DelayMS: float64(want.Milliseconds())})
		if c := s.state.Next(s.now); len(c) != 0 {
			t.Fatalf("an attempt starts during the delay: %+v", c)
		}
		if wake, ok := s.state.Wake(); !ok || !wake.Equal(s.now.Add(want)) {
			t.Fatalf("wake %v %v", wake, ok)
		}
		s.now = s.now.Add(want)
	}
	s.start()
	if d := s.after(Observation{Err: true}); d.Kind != Conclude {
		t.Fatalf("a fifth attempt: %+v", d)
	}
}

func TestWhatIsRetried(t *testing.T) {
	retry := &RetryPolicy{Attempts: 3, Delay: time.Second, MaxDelay: time.Second, Constant: true}
	forced := *retry
	forced.Writes = true
	for name, c := range map[string]struct {
		spec StepSpec
		seen Observation
		want DecisionKind
	}{
		"read that erred":            {StepSpec{Retry: retry}, Observation{Err: true}, Again},
		"read that failed":           {StepSpec{Retry: retry}, Observation{}, Conclude},
		"no retry block":             {StepSpec{}, Observation{Err: true}, Conclude},
		"argument not evaluated":     {StepSpec{Retry: retry}, Observation{Err: true, Final: true}, Conclude},
		"password refused":           {StepSpec{Retry: retry}, Observation{Err: true, Permanent: true}, Conclude},
		"write in doubt":             {StepSpec{Retry: retry, Write: true}, Observation{Err: true}, Conclude},
		"write surely not done":      {StepSpec{Retry: retry, Write: true}, Observation{Err: true, NothingDone: true}, Again},
		"write the author lets pass": {StepSpec{Retry: &forced, Write: true}, Observation{Err: true}, Again},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSingle(t, c.spec)
			s.start()
			if d := s.after(c.seen); d.Kind != c.want {
				t.Fatalf("got %+v", d)
			}
		})
	}
}

func TestAReadThatEndsWhileTheRunStopsIsNoSuccess(t *testing.T) {
	s := newSingle(t, StepSpec{Poll: &PollPolicy{Interval: time.Second, Timeout: time.Minute}})
	s.start()
	s.apply(Event{Type: RunStopping, Reason: StopInterrupt})
	if d := s.after(Observation{Until: true}); d.Kind != Conclude {
		t.Fatalf("its condition held, got %+v", d)
	}
	if d := s.after(Observation{}); d.Kind != ReadAgain {
		t.Fatalf("its condition did not hold, got %+v", d)
	}
	s.apply(Event{Type: StepWaiting, Step: "s", Until: &s.now})
	if c := s.next(); c.Kind != Settle || c.Outcome != Cancelled {
		t.Fatalf("want it cancelled, got %+v", c)
	}
	if got := s.state.RunOutcome(); got != Cancelled {
		t.Fatalf("the run is %s before its step has ended", got)
	}
}

func TestPollHoldsAndTimesOut(t *testing.T) {
	poll := &PollPolicy{Interval: 5 * time.Second, Timeout: 20 * time.Second, Hold: 7 * time.Second}
	s := newSingle(t, StepSpec{Poll: poll})
	read := func(until bool, want Decision) {
		t.Helper()
		s.start()
		want.Deadline = time.Unix(1020, 0)
		d := s.after(Observation{Until: until})
		if diff := cmp.Diff(want, d); diff != "" {
			t.Fatal(diff)
		}
		if d.Kind == ReadAgain {
			wake := s.now.Add(d.Delay)
			s.apply(Event{Type: StepWaiting, Step: "s", For: "poll", Until: &wake, Holds: d.Holds})
			s.now = wake
		}
	}
	read(false, Decision{Kind: ReadAgain, Delay: 5 * time.Second})
	read(true, Decision{Kind: ReadAgain, Delay: 5 * time.Second, Holds: true})
	read(true, Decision{Kind: ReadAgain, Delay: 2 * time.Second, Holds: true}) // held 5 of 7 s
	read(true, Decision{Kind: Conclude})                                       // held 7 s, at 12 s

	s = newSingle(t, StepSpec{Poll: poll})
	for range 4 {
		read(false, Decision{Kind: ReadAgain, Delay: 5 * time.Second})
	}
	if c := s.next(); c.Kind != Expire {
		t.Fatalf("the poll goes on past its timeout: %+v", c)
	}
}

func TestWaitingHoldsNoPlace(t *testing.T) {
	poll := &PollPolicy{Interval: time.Hour, Timeout: 2 * time.Hour}
	state := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{
		{Name: "a", RunIf: "success", Group: -1, Poll: poll}, {Name: "b", RunIf: "success", Group: -1},
	}})
	now := time.Unix(1000, 0)
	wake := now.Add(time.Hour)
	for _, e := range []Event{
		{Type: RunStarted}, {Type: StepReady, Step: "a"}, {Type: StepReady, Step: "b"}, {Type: StepStarted, Step: "a"},
	} {
		e.Time = now
		if err := state.Apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	if c := state.Next(now); len(c) != 0 {
		t.Fatalf("there is one place: %+v", c)
	}
	if err := state.Apply(&Event{Type: StepWaiting, Step: "a", Time: now, Until: &wake}); err != nil {
		t.Fatal(err)
	}
	if c := state.Next(now); len(c) != 1 || c[0].Address != "b" {
		t.Fatalf("b has the place while a waits: %+v", c)
	}
}
