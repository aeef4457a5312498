package run

import (
	"cmp"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// overseer holds the undos of a run of several runbooks against what is promised, from the events alone.
type overseer struct {
	effects []*deed
	// ends are the numbers of the events that ended a step that runs a runbook, by its whole address.
	ends map[string][]int64
	// failing are the runbooks, by prefix, that stop after a failure, failed those in which one came before they stop, stopping those
	// that do, timedOut those whose time was over, which counts once a step feels it; running the steps under way, unknown the writes
	// in doubt.
	failing, failed, stopping, timedOut, running, unknown map[string]bool
	// keys are those of the last writes, doubtful the first ends of these after which they may have taken place.
	keys     map[string]string
	doubtful map[string]int64
}

// deed is what one execution did; at and undo as in seenEffect.
type deed struct {
	seq, at int64
	address string
	kind    UndoKind
	undo    string
}

func newOverseer() *overseer {
	o := &overseer{ends: map[string][]int64{}, unknown: map[string]bool{}, keys: map[string]string{}, doubtful: map[string]int64{}}
	o.begin()
	return o
}

// begin forgets what is of one session.
func (o *overseer) begin() {
	o.failing, o.failed, o.stopping = map[string]bool{}, map[string]bool{}, map[string]bool{}
	o.timedOut, o.running = map[string]bool{}, map[string]bool{}
}

func (o *overseer) see(t *rapid.T, root *house, e *Event) {
	switch e.Type {
	case RunResumed:
		o.begin()
		for _, a := range e.Reset {
			delete(o.unknown, a)
		}
	case RunStopping:
		h := root.at(e.Step)
		o.stopping[h.prefix] = true
		o.failing[h.prefix] = o.failing[h.prefix] || o.failed[h.prefix] || e.Reason == StopFailure
		o.timedOut[h.prefix] = o.timedOut[h.prefix] || e.Reason == StopTimeout && h.plan.StopOnFailure
	case StepStarted:
		o.running[e.Step] = true
		o.unknown[e.Step] = !root.spec(e.Step).Child
		if o.keys[e.Step] != e.Key {
			o.keys[e.Step] = e.Key
			delete(o.doubtful, e.Step)
		}
	case StepFinished:
		o.finished(t, root, e)
	case UndoStarted:
		o.undoStarted(t, e)
	case UndoFinished:
		x := o.effects[slices.IndexFunc(o.effects, func(x *deed) bool { return x.seq == e.Undoes })]
		x.undo = string(e.Outcome)
	case StepResolved:
		if e.Undoes == 0 && e.Resolution.Decision == DecisionRedo && e.Resolution.How != HowDeclared {
			delete(o.doubtful, e.Step)
		}
		if at := slices.IndexFunc(o.effects, func(x *deed) bool { return x.seq == e.Undoes }); at >= 0 && e.Resolution.Decision == DecisionRedo {
			o.effects[at].undo = ""
		}
	case RunFinished:
		o.nothingDue(t, "")
	}
}

func (o *overseer) finished(t *rapid.T, root *house, e *Event) {
	spec := root.spec(e.Step)
	if spec.Child {
		if o.running[e.Step] {
			o.nothingDue(t, e.Step+"/")
		}
		o.ends[e.Step] = append(o.ends[e.Step], e.Seq)
	}
	delete(o.running, e.Step)
	prefix := e.Step[:strings.LastIndex(e.Step, "/")+1]
	bad := e.Outcome == Fail || e.Outcome == Error
	stops := bad && root.at(prefix).plan.StopOnFailure
	if stops && !o.stopping[prefix] {
		o.failed[prefix] = true
	}
	if stops && o.stopping[prefix] || e.Outcome == Cancelled && o.timedOut[prefix] {
		o.failing[prefix] = true
	}
	resolved := e.Outcome == Warn // only what was in doubt ends so
	if o.unknown[e.Step] = e.InDoubt; e.InDoubt && o.doubtful[e.Step] == 0 {
		o.doubtful[e.Step] = e.Seq
	}
	if spec.Undo != UndoNever && (e.Result != nil || resolved && !spec.Child) {
		o.effects = append(o.effects, &deed{seq: e.Seq, at: cmp.Or(o.doubtful[e.Step], e.Seq), address: e.Step, kind: spec.Undo})
	}
}

// driver is the prefix of the runbook at whose end an effect is undone: the innermost around it that has not ended.
func (o *overseer) driver(address string) string {
	for {
		at := strings.LastIndex(address, "/")
		if at < 0 {
			return ""
		}
		if address = address[:at]; o.running[address] {
			return address + "/"
		}
	}
}

func (o *overseer) due(x *deed, driver string) bool {
	if x.kind == UndoOnEnd {
		return true
	}
	for prefix := x.address[:strings.LastIndex(x.address, "/")+1]; ; prefix = prefix[:strings.LastIndex(strings.TrimSuffix(prefix, "/"), "/")+1] {
		if o.failing[prefix] {
			return true
		}
		if prefix == driver {
			return false
		}
	}
}

func (o *overseer) held(x *deed) bool {
	return o.unknown[x.address] || slices.ContainsFunc(o.effects, func(y *deed) bool {
		return y.address == x.address && y.seq > x.seq && y.undo != "pass"
	})
}

// waiting are the effects that the runbook of a prefix is to undo before it ends.
func (o *overseer) waiting(driver string) []*deed {
	var out []*deed
	for _, x := range o.effects {
		if strings.HasPrefix(x.address, driver) && x.undo == "" && o.due(x, driver) && !o.held(x) {
			out = append(out, x)
		}
	}
	return out
}

func (o *overseer) nothingDue(t *rapid.T, driver string) {
	for _, x := range o.waiting(driver) {
		t.Fatalf("%q ends, and what %s did in %d is not undone", driver, x.address, x.seq)
	}
}

func (o *overseer) undoStarted(t *rapid.T, e *Event) {
	at := slices.IndexFunc(o.effects, func(x *deed) bool { return x.seq == e.Undoes && x.address == e.Step })
	if at < 0 {
		t.Fatalf("%d of %s is undone, and did nothing", e.Undoes, e.Step)
	}
	x := o.effects[at]
	driver := o.driver(x.address)
	if !slices.Contains(o.waiting(driver), x) {
		t.Fatalf("%d of %s is undone by %q, and is not to be now: %q", x.seq, x.address, driver, x.undo)
	}
	for _, y := range o.waiting(driver) {
		if order, known := o.compare(x, y, driver); known && order < 0 {
			t.Fatalf("%d of %s is undone before %d of %s", x.seq, x.address, y.seq, y.address)
		}
	}
	x.undo = "under way"
}

// compare orders two effects as the runbook of a prefix sees them. Where the runbook around one of them has not ended
// since, nothing is promised.
func (o *overseer) compare(x, y *deed, driver string) (order int, known bool) {
	a, fine := o.path(x, driver)
	b, also := o.path(y, driver)
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return cmp.Compare(a[i], b[i]), fine && also
		}
	}
	// What a runbook did comes before what the step that ran it has an undo of its own for.
	return cmp.Compare(len(b), len(a)), fine && also
}

// path is when an effect was carried out as the runbook of a prefix sees it, then as the one below that does, and so on to its own.
func (o *overseer) path(x *deed, driver string) (out []int64, known bool) {
	out, known = []int64{x.at}, true
	for around := x.address; ; {
		at := strings.LastIndex(around, "/")
		if at+1 <= len(driver) {
			return out, known
		}
		around = around[:at]
		i, _ := slices.BinarySearch(o.ends[around], out[0])
		if i == len(o.ends[around]) {
			return out, false
		}
		out = append([]int64{o.ends[around][i]}, out...)
	}
}

// at is the house of a prefix.
func (h *house) at(prefix string) *house {
	for prefix != "" {
		head, rest := SplitAddress(prefix)
		h, prefix = h.below[head], rest
	}
	return h
}

// spec is the step of a whole address.
func (h *house) spec(address string) *StepSpec {
	for {
		head, rest := SplitAddress(address)
		if rest == "" {
			return &h.plan.Steps[h.state.byName[StepName(head)]]
		}
		h, address = h.below[head], rest
	}
}
