package local

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// Past is a run as its events tell it, ready to go on.
type Past struct {
	cfg  *Config
	root *branch
	// supplies are what branches got before the run goes on.
	supplies *supplies
	// lastSeq is the number of the last event.
	lastSeq int64
	ended   bool
	paused  bool
	// otherPlan says that events may be of another runbook than this is now.
	otherPlan bool
	// gone are the steps with an open question that the runbook does not have any more.
	gone    []string
	outcome run.Outcome
	// sealed read back what is encrypted, and say why it can't be; unread is why the first of it could not be, empty: all was.
	sealed [stages][]func() (lost string)
	unread string
	// pieces is held where such a reading adds another.
	pieces sync.Mutex
}

// Recall folds the events of a run. Steps that the runbook no longer has are left out. The events must be those of one
// run, in order. changed says that the runbook is another than that of the last session.
func Recall(cfg *Config, entries []journal.Entry, changed bool) (*Past, error) {
	p := &Past{cfg: cfg, root: cfg.root(), supplies: &supplies{cfg: cfg}}
	p.otherPlan = changed || slices.ContainsFunc(entries, func(e journal.Entry) bool { return len(e.Event.Changes) > 0 })
	p.root.state.OtherPlan(p.otherPlan)
	for _, entry := range entries {
		p.lastSeq = entry.Event.Seq
		if entry.Event.Type == run.CheckEvaluated { // most of a long history, and it changes nothing
			continue
		}
		if err := p.take(entry); err != nil {
			return nil, fmt.Errorf("event %d of the run: %w", entry.Event.Seq, err)
		}
	}
	p.root.walk(func(b *branch) { b.state.OtherPlan(false) })
	p.readSealed()
	return p, nil
}

// take folds one event.
func (p *Past) take(entry journal.Entry) error {
	e := *entry.Event
	if e.Header != nil {
		targets, _ := RecallTargets(p.cfg.Unseal, &e, entry.Sealed)
		p.root.named.take(&e, targets)
	}
	switch e.Type {
	case run.RunStarted, run.RunFinished, run.RunPaused:
		p.note(&e)
		return p.root.state.Apply(&e)
	case run.RunResumed:
		p.ended, p.paused = false, p.paused && e.Undo != nil
		p.gone = slices.DeleteFunc(p.gone, func(step string) bool { return slices.Contains(e.Gone, step) })
		return p.resumeAll(&e, entry.Sealed)
	}
	switch {
	case e.Type == run.SecretsKept:
		p.recallRead(entry.Sealed)
		return nil
	case e.Type == run.StepResolved && e.Resolution.StepGone:
		return nil
	}
	if e.Type == run.RunStopping && e.Step != "" {
		e.Step = strings.TrimSuffix(e.Step, "/") + "/" // it is of the runbook that the step runs
	}
	b, address, ok := p.find(e.Step)
	if !ok {
		p.isGone(&e)
		return nil
	}
	e.Step = address
	return b.recall(p, &e, entry.Sealed)
}

func (p *Past) note(e *run.Event) {
	p.ended, p.paused = e.Type == run.RunFinished, e.Type == run.RunPaused
	if p.ended {
		p.outcome, p.gone = e.Outcome, nil
	}
}

// Waits are the questions that the run left open, in the runbooks that steps run too.
func (p *Past) Waits() []run.Wait {
	var out []run.Wait
	p.root.walk(func(b *branch) {
		for _, w := range b.state.Waits() {
			w.Address = b.prefix + w.Address
			out = append(out, w)
		}
	})
	return out
}

// find follows an address to its branch: db/ping is ping of the runbook that step db runs. The branch is made where it is
// not there yet.
func (p *Past) find(address string) (_ *branch, local string, ok bool) {
	b := p.root
	for {
		head, rest := run.SplitAddress(address)
		if head == "" {
			return b, "", true // an event of the branch as a whole
		}
		node := b.graph.Node(run.StepName(head))
		if node == nil {
			return nil, "", false
		}
		if rest == "" && !strings.HasSuffix(address, "/") {
			return b, address, true
		}
		if node.Step.Child == nil {
			return nil, "", false
		}
		child := b.below[head]
		if child == nil {
			var err error
			if child, err = b.adopt(node.Step, head); err != nil {
				return nil, "", false
			}
			child.state.OtherPlan(p.otherPlan)
		}
		b, address = child, rest
	}
}

// recall folds an event of a branch, and keeps what expressions see of the steps.
func (b *branch) recall(p *Past, e *run.Event, sealed []byte) error {
	undo := e.Type == run.UndoStarted || e.Type == run.UndoFinished || e.Undoes != 0
	if e.Step != "" && !b.has(e.Step) && !undo && e.Type != run.ClockRead {
		return nil // an instance that went with its step; one that was asked about has read the clock before it is there
	}
	p.recallPlaces(e, sealed)
	name := run.StepName(e.Step)
	if e.Type == run.StepFinished && b.graph.Node(name) != nil && e.Action != "" && e.Action != b.graph.Node(name).Step.Action {
		e.Result, sealed = nil, nil // another action gave it: neither a check nor an undo of this one can use it
	}
	switch e.Type {
	case run.StepExpanded:
		if slices.ContainsFunc(*e.Keys, func(key string) bool { return strings.Contains(key, lang.Blank) }) {
			return fmt.Errorf("a key of step %s holds a secret, and the version that began the run did not keep it; what the step did has to be looked at, and taken back, by hand", b.prefix+name)
		}
		x := run.Instances{Keys: *e.Keys, Each: e.Each, EachType: e.EachType, EachOf: e.EachOf}
		b.recallEach(p, name, x, sealed, b.values.expand)
	case run.StepFinished:
		b.recallEnding(p, name, e, sealed)
	case run.StepStarted, run.UndoStarted:
		if e.Key != "" {
			b.recallSent(p, e, sealed)
		}
		if e.Type == run.StepStarted {
			b.begins(e)
			b.sends(e)
			b.recallUndoWith(p, e, sealed)
			b.actsOn(e)
		}
	case run.StepWaiting:
		b.recallBinding(e, sealed)
		b.asks(e.Step, e.Question)
		p.unblank(e, sealed)
	case run.ClockRead:
		if e.Now != nil {
			b.times.keep(lang.Place{Step: e.Step, Part: e.Part, Effect: e.Undoes}, *e.Now)
		}
	case run.UndoFinished:
		b.times.undone(e)
		e.Partial = e.Partial || b.toldAsFailure(e)
	case run.StepNoted, run.StepAnswered:
		p.unblank(e, sealed)
	case run.StepResolved:
		b.recallResolution(e)
	}
	if err := b.state.Apply(e); err != nil {
		return err
	}
	if e.Type == run.UndoFinished && e.Outcome == run.Pass {
		b.recallUndone(e)
	}
	return nil
}

// toldAsFailure reports whether an undo erred after it did something, which older versions told as they did an expectation that did not
// hold: of an action that has none.
func (b *branch) toldAsFailure(e *run.Event) bool {
	step := b.senderOf(e)
	return e.Outcome == run.Fail && e.Result != nil && step != nil && step.Action == e.Action && !step.Spec.Spec().Expects
}

// has reports whether an address names a step or an instance of the branch.
func (b *branch) has(address string) bool {
	_, _, ok := b.state.Find(address)
	return ok
}

// recallFrames gives the instances their values where the branch had no scope when they were recalled.
func (b *branch) recallFrames() {
	for _, n := range b.graph.Nodes {
		name := n.Step.Name
		b.values.reframe(name, func(keys []string) []lang.Frame { return b.framesOf(name, keys) })
	}
}

// framesOf is what instances see as each: what was kept of it, or what for_each gives when it is evaluated again, from recorded results. A
// key that it no longer gives has no value.
func (b *branch) framesOf(name string, keys []string) []lang.Frame {
	var byKey map[string]lang.Frame
	why := ""
	if kept := b.each[name]; kept != nil {
		byKey = kept.byKey()
	} else {
		byKey, why = b.framesNow(name)
	}
	frames := make([]lang.Frame, len(keys))
	for i, k := range keys {
		frame, ok := byKey[k]
		switch {
		case !ok && why == "":
			frame = lostFrame(k, fmt.Sprintf("for_each gives no key %q any more: a file or a variable of the environment that it reads has changed since, or the runbook; "+
				"bring that back, and try again", k))
		case !ok:
			frame = lostFrame(k, why)
		}
		frames[i] = frame
	}
	return frames
}

// framesNow is what the instances that for_each gives now see as each, by key; why says why that is not to be had.
func (b *branch) framesNow(name string) (byKey map[string]lang.Frame, why string) {
	all, why := b.instancesNow(name)
	if all == nil {
		return nil, why
	}
	return framesByKey(all.Keys, all.Frames), ""
}

// instancesNow are those that for_each gives now; nil: there is none, or why says why they are not to be had.
func (b *branch) instancesNow(name string) (all *lang.Instances, why string) {
	each := b.graph.Node(name).Step.ForEach
	switch {
	case b.scope == nil:
		return nil, "the variables of its runbook are not known yet"
	case b.scope.VariablesLost != "":
		return nil, b.scope.VariablesLost
	case each == nil:
		return nil, ""
	}
	all, diags := b.scope.Instances(each, frameAt(lang.Frame{}, name, partForEach))
	if diags.HasErrors() {
		return nil, "for_each can't be evaluated any more: " + text(diags)
	}
	if _, _, problem := forEach(all); problem != "" {
		return nil, "for_each can't be evaluated any more, perhaps for a sensitive result of an earlier session that was not kept: " + problem
	}
	return all, ""
}

func framesByKey(keys []string, frames []lang.Frame) map[string]lang.Frame {
	out := make(map[string]lang.Frame, len(keys))
	for i, k := range keys {
		out[k] = frames[i]
	}
	return out
}

// begins keeps when the first attempt at a step started.
func (b *branch) begins(e *run.Event) {
	if _, began := b.started[e.Step]; !began || e.Attempt <= 1 {
		b.started[e.Step] = e.Time
	}
}

// began is when the first attempt at a step started, or what else tells that.
func (b *branch) began(address string, otherwise time.Time) time.Time {
	if at, began := b.started[address]; began {
		return at
	}
	return otherwise
}

func (b *branch) recallEnding(p *Past, name string, e *run.Event, sealed []byte) {
	node := b.graph.Node(name)
	end := &ending{outcome: e.Outcome, err: e.Error, attempts: e.Attempts}
	if e.DurationMS != nil && e.Attempts > 0 {
		end.timing = timing{started: b.began(e.Step, e.Time.Add(-millisecondsOf(*e.DurationMS))), finished: e.Time, took: e.DurationMS}
	}
	end.word = b.resolved[e.Step]
	if e.UndoAt != nil && e.UndoAt.Kept == run.KeptSealed && !lang.HoldsBlank(e.Result) {
		sealed = nil // it is not the result that is secret
	}
	if word := end.word; e.Result != nil && !node.Step.IsCheck() {
		end.recall = sync.OnceValues(func() (cty.Value, string) { return p.restore(node.Step, e, sealed, word) })
		end.inClear = func() cty.Value {
			v, _ := p.restore(node.Step, e, nil, word)
			return v
		}
		p.reads(stageResults, e.Result, sealed, func() string { return p.tellSealed(node.Step.Spec.Spec().Results(), e.Result, sealed) })
	}
	if e.Result == nil {
		end.lost = end.word
	}
	delete(b.resolved, e.Step)
	_, key, _ := b.state.Find(e.Step)
	b.ended(name, key, end)
	b.remember(node.Step, key, e, end)
}

// resumeAll begins another session in every branch.
func (p *Past) resumeAll(e *run.Event, sealed []byte) error {
	if len(e.Changes) > 0 {
		p.root.walk(func(b *branch) {
			for _, a := range b.approved {
				a.changed = true
			}
		})
	}
	if e.Undo != nil {
		return p.root.state.Apply(e)
	}
	var err error
	each := p.sealedEach(e, sealed)
	p.root.walk(func(b *branch) {
		own := *e
		own.Instances = b.ownInstances(e.Instances)
		own.Reset = b.under(e.Reset, own.Instances)
		b.eachAnew(own.Reset, e.Reset)
		if err == nil {
			err = b.state.Apply(&own)
		}
		b.again(own.Reset)
		b.expandAnew(p, own.Instances, each)
	})
	return err
}

// under are the addresses of the branch among those of the whole run. Of steps that get other instances, some are not there yet.
func (b *branch) under(addresses []string, instances []run.Instances) []string {
	out := []string{}
	for _, a := range addresses {
		own, ok := b.ownOf(a)
		other := func(x run.Instances) bool { return x.Step == run.StepName(own) }
		if ok && (b.has(own) || slices.ContainsFunc(instances, other)) {
			out = append(out, own)
		}
	}
	return out
}

// ownInstances are the instances of steps of the branch among those of the whole run.
func (b *branch) ownInstances(all []run.Instances) []run.Instances {
	var out []run.Instances
	for _, x := range all {
		if own, ok := b.ownOf(x.Step); ok {
			x.Step = own
			out = append(out, x)
		}
	}
	return out
}

// ownOf is an address of the whole run as the branch sees it; false: it is of another.
func (b *branch) ownOf(address string) (string, bool) {
	own, ok := strings.CutPrefix(address, b.prefix)
	_, rest := run.SplitAddress(own)
	return own, ok && rest == ""
}

// Doubts lists the writes in doubt of all branches.
func (p *Past) Doubts() []run.Doubt { return p.ofAll((*run.State).InDoubt) }

// HalfDone lists the writes of all branches that erred after a part of them took place.
func (p *Past) HalfDone() []run.Doubt { return p.ofAll((*run.State).HalfDone) }

// HalfUndone lists the undos of all branches that failed and of which a part took place.
func (p *Past) HalfUndone() []run.Doubt { return p.ofAll((*run.State).HalfUndone) }

// FailedUndos lists the undos of all branches that failed.
func (p *Past) FailedUndos() []run.Doubt { return p.ofAll((*run.State).FailedUndos) }

// UnsentUndos lists the undos of all branches that were never sent.
func (p *Past) UnsentUndos() []run.Doubt { return p.ofAll((*run.State).UnsentUndos) }

func (p *Past) ofAll(list func(*run.State) []run.Doubt) []run.Doubt {
	var out []run.Doubt
	p.root.walk(func(b *branch) {
		for _, d := range list(b.state) {
			d.Address = b.prefix + d.Address
			out = append(out, d)
		}
	})
	return out
}

// Left lists what a person must look at, in all branches.
func (p *Past) Left() []run.Left { return p.root.state.Left() }

// Again lists what a resumed run does again, in all branches. A step whose undo was in doubt, and counts as done by what was
// settled, is among them.
func (p *Past) Again(settled ...Settled) run.Rerun { return p.root.state.Again(undoneBy(settled)...) }

// undoneBy are the effects whose undo counts as done by what was settled.
func undoneBy(settled []Settled) []int64 {
	var undone []int64
	for _, d := range settled {
		if d.Undo && d.Decision == run.DecisionDone {
			undone = append(undone, d.Undoes)
		}
	}
	return undone
}

// Kept are the steps of the runbook itself that ended in a way that a resume does not repeat.
func (p *Past) Kept(settled ...Settled) map[string]bool {
	kept := map[string]bool{}
	for _, n := range p.root.graph.Nodes {
		kept[n.Step.Name] = p.root.state.Outcome(n.Step.Name) != ""
	}
	for _, address := range p.Again(settled...).Steps {
		kept[run.StepName(address)] = false
	}
	return kept
}

// Over reports whether a step or an instance ended in a way that a resume does not repeat.
func (p *Past) Over(address string) bool {
	b, own, ok := p.find(address)
	if !ok {
		return false
	}
	_, _, over := b.state.Ended(own)
	return over && !slices.ContainsFunc(p.Again().Steps, func(again string) bool { return run.Covers(again, address) })
}

// Ended reports whether the last session ended the run, and how.
func (p *Past) Ended() (run.Outcome, bool) { return p.outcome, p.ended }

// Paused reports whether the run waits for people.
func (p *Past) Paused() bool { return p.paused }
