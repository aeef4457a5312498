package run

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var runIfs = []string{"success", "success", "success", "none_failed", "failure", "always"}

// randomPlan draws a DAG: a step depends only on earlier ones of a random order, so that file order and run order differ.
func randomPlan(t *rapid.T) *Plan {
	n := rapid.IntRange(1, 25).Draw(t, "steps")
	order := rapid.Permutation(sequence(n)).Draw(t, "order")
	p := &Plan{MaxParallel: rapid.IntRange(1, 6).Draw(t, "max_parallel"), Limits: []int{1, 2}, Steps: make([]StepSpec, n)}
	for at, i := range order {
		spec := StepSpec{
			Name: fmt.Sprintf("s%d", i), RunIf: rapid.SampledFrom(runIfs).Draw(t, "run_if"),
			Group: rapid.IntRange(-1, 1).Draw(t, "group"), Serial: rapid.Bool().Draw(t, "serial"),
		}
		for _, dep := range order[:at] {
			if rapid.IntRange(0, 4).Draw(t, "edge") == 0 {
				spec.Deps = append(spec.Deps, Dep{Step: dep, Full: rapid.Bool().Draw(t, "full")})
			}
		}
		p.Steps[i] = spec
	}
	return p
}

func sequence(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// world decides what happens to each address, the same in the driver and in the oracle.
type world struct {
	outcome map[string]Outcome // of an address that runs
	keys    map[string]int     // how many instances; absent: no for_each
	when    map[string]bool    // false: skipped
}

func randomWorld(t *rapid.T, p *Plan) world {
	w := world{map[string]Outcome{}, map[string]int{}, map[string]bool{}}
	ends := []Outcome{Pass, Pass, Pass, Warn, Fail, Error}
	for _, s := range p.Steps {
		w.when[s.Name] = rapid.IntRange(0, 7).Draw(t, "when") > 0
		w.outcome[s.Name] = rapid.SampledFrom(ends).Draw(t, "outcome")
		if rapid.IntRange(0, 3).Draw(t, "for_each") == 0 {
			n := rapid.IntRange(0, 4).Draw(t, "keys")
			w.keys[s.Name] = n
			for k := range n {
				w.outcome[Address(s.Name, fmt.Sprint(k), true)] = rapid.SampledFrom(ends).Draw(t, "instance")
			}
		}
	}
	return w
}

// driver plays the runtime: it carries out commands and lets what runs end in a random order.
type driver struct {
	t      *rapid.T
	plan   *Plan
	world  world
	state  *State
	events []Event
	now    time.Time
	live   []string
	starts map[string]int
}

func (d *driver) apply(e Event) {
	e.Seq = int64(len(d.events) + 1)
	e.Time = d.now
	if e.Type == StepFinished && !d.underWay(e.Step) && d.state.Declared(e.Step) {
		e.InDoubt = true // its write was not sent again
	}
	if err := d.state.Apply(&e); err != nil {
		d.t.Fatalf("apply %s %s: %v", e.Type, e.Step, err)
	}
	d.events = append(d.events, e)
}

// underWay reports whether an attempt is, or its end is awaited.
func (d *driver) underWay(address string) bool {
	r, err := d.state.resolve(address)
	return err == nil && d.state.at(r).phase == running
}

func (d *driver) run() {
	d.apply(Event{Type: RunStarted})
	for range 100000 {
		d.now = d.now.Add(time.Millisecond)
		commands := d.state.Next(d.now)
		if again := d.state.Next(d.now); !cmp.Equal(commands, again) {
			d.t.Fatalf("Next is not repeatable: %s", cmp.Diff(commands, again))
		}
		for _, c := range commands {
			if d.carryOut(c) {
				return
			}
		}
		if len(commands) == 0 || rapid.Bool().Draw(d.t, "end one") {
			d.endOne(len(commands) == 0)
		}
	}
	d.t.Fatal("the run does not end")
}

// carryOut reports whether the run is over.
func (d *driver) carryOut(c Command) bool {
	switch c.Kind {
	case Prepare:
		name := d.plan.Steps[c.Step].Name
		n, each := d.world.keys[name]
		switch {
		case c.Key < 0 && !d.world.when[name]:
			d.apply(Event{Type: StepFinished, Step: c.Address, Outcome: Skipped})
		case c.Key < 0 && each:
			keys := []string{}
			for k := range n {
				keys = append(keys, fmt.Sprint(k))
			}
			d.apply(Event{Type: StepExpanded, Step: c.Address, Keys: &keys})
		default:
			d.apply(Event{Type: StepReady, Step: c.Address})
		}
	case Start:
		d.starts[c.Address]++
		d.apply(Event{Type: StepStarted, Step: c.Address, Attempt: c.Attempt})
		d.live = append(d.live, c.Address)
	case Settle:
		d.apply(Event{Type: StepFinished, Step: c.Address, Outcome: c.Outcome})
	case Stop:
		d.apply(Event{Type: RunStopping, Reason: c.Reason})
	case Finish:
		d.apply(Event{Type: RunFinished, Outcome: c.Outcome})
		return true
	}
	return false
}

func (d *driver) endOne(must bool) {
	if len(d.live) == 0 {
		if must {
			d.t.Fatalf("nothing runs and nothing may start: %+v", d.state.steps)
		}
		return
	}
	i := rapid.IntRange(0, len(d.live)-1).Draw(d.t, "which ends")
	address := d.live[i]
	d.live = slices.Delete(d.live, i, i+1)
	d.apply(Event{Type: StepFinished, Step: address, Outcome: d.world.outcome[address]})
}

// oracle works the outcomes out from the definitions, step by step in dependency order, without a scheduler.
func oracle(p *Plan, w world) map[string]Outcome {
	out := map[string]Outcome{}
	var of func(i int) Outcome
	of = func(i int) Outcome {
		s := p.Steps[i]
		if o, ok := out[s.Name]; ok {
			return o
		}
		var fullBad, fullSkipped, anyBad bool
		for _, d := range s.Deps {
			o := of(d.Step)
			bad := o == Fail || o == Error || o == Blocked
			anyBad = anyBad || bad
			if d.Full {
				fullBad, fullSkipped = fullBad || bad, fullSkipped || o == Skipped
			}
		}
		o := Outcome("")
		switch s.RunIf {
		case "success":
			if fullSkipped {
				o = Skipped
			} else if fullBad {
				o = Blocked
			}
		case "none_failed":
			if fullBad {
				o = Blocked
			}
		case "failure":
			if !anyBad {
				o = Skipped
			}
		}
		if o == "" {
			o = carried(s.Name, w)
		}
		out[s.Name] = o
		return o
	}
	for i := range p.Steps {
		of(i)
	}
	return out
}

func carried(name string, w world) Outcome {
	n, each := w.keys[name]
	if !w.when[name] {
		return Skipped
	}
	if !each {
		return w.outcome[name]
	}
	worst := Pass
	for k := range n {
		worst = Worse(worst, w.outcome[Address(name, fmt.Sprint(k), true)])
	}
	return worst
}

func drive(t *rapid.T, stop bool) *driver {
	p := randomPlan(t)
	p.StopOnFailure = stop
	d := &driver{t: t, plan: p, world: randomWorld(t, p), starts: map[string]int{}, now: time.Unix(1e9, 0)}
	d.state = NewState(p)
	d.run()
	return d
}

func TestOutcomesMatchTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drive(t, false)
		for name, want := range oracle(d.plan, d.world) {
			if got := d.state.Outcome(name); got != want {
				t.Fatalf("%s: got %s, want %s", name, got, want)
			}
		}
	})
}

func TestOrderAndOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drive(t, rapid.Bool().Draw(t, "stop"))
		for address, n := range d.starts {
			if n != 1 {
				t.Fatalf("%s started %d times", address, n)
			}
		}
		checkTrace(t, d)
	})
}

// checkTrace goes through the events: edges, places of the run and of the groups, one instance of a serial step.
func checkTrace(t *rapid.T, d *driver) {
	over := map[string]bool{}
	active, serial := map[int]int{}, map[string]int{}
	total := 0
	started := map[string]bool{}
	partial := NewState(d.plan)
	for i := range d.events {
		e := &d.events[i]
		name := StepName(e.Step)
		switch e.Type {
		case StepStarted:
			spec := d.plan.Steps[partial.byName[name]]
			for _, dep := range spec.Deps {
				if !over[d.plan.Steps[dep.Step].Name] {
					t.Fatalf("%s started before %s had ended", e.Step, d.plan.Steps[dep.Step].Name)
				}
			}
			total++
			active[spec.Group]++
			serial[name]++
			started[e.Step] = true
			if total > d.plan.MaxParallel || (spec.Group >= 0 && active[spec.Group] > d.plan.Limits[spec.Group]) {
				t.Fatalf("%s: too many at once", e.Step)
			}
			if spec.Serial && serial[name] > 1 {
				t.Fatalf("%s: two instances at once", e.Step)
			}
		case StepFinished:
			if started[e.Step] {
				total--
				active[d.plan.Steps[partial.byName[name]].Group]--
				serial[name]--
			}
		}
		if err := partial.Apply(e); err != nil {
			t.Fatal(err)
		}
		if partial.Outcome(name) != "" {
			over[name] = true
		}
	}
}

func TestAnyPrefixReplaysToTheSameState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drive(t, rapid.Bool().Draw(t, "stop"))
		at := rapid.IntRange(0, len(d.events)).Draw(t, "prefix")
		one, two := NewState(d.plan), NewState(d.plan)
		for i := range at {
			now := d.events[i].Time
			one.Next(now) // the live run asks all the time, a replay never does
			if err := one.Apply(&d.events[i]); err != nil {
				t.Fatal(err)
			}
			if err := two.Apply(&d.events[i]); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(one.Next(d.now), two.Next(d.now)); diff != "" {
			t.Fatalf("after %d events the replay goes on otherwise:\n%s", at, diff)
		}
		if diff := cmp.Diff(one.Counts(), two.Counts()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestStopOnFailureStartsNothingNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drive(t, true)
		stopped := false
		for _, e := range d.events {
			if e.Type == RunStopping {
				stopped = true
			}
			if e.Type != StepStarted || !stopped {
				continue
			}
			spec := d.plan.Steps[d.state.byName[StepName(e.Step)]]
			failed := slices.ContainsFunc(spec.Deps, func(dep Dep) bool {
				o := d.state.Outcome(d.plan.Steps[dep.Step].Name)
				return o == Fail || o == Error
			})
			if (spec.RunIf != "failure" && spec.RunIf != "always") || !failed {
				t.Fatalf("%s (run_if %s) started although the run stops", e.Step, spec.RunIf)
			}
		}
	})
}
