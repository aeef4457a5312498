package local

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// Past is a run as its events tell it, ready to go on.
type Past struct {
	cfg      *Config
	root     *branch
	branches map[string]*branch // by prefix, the root's among them
	// furnished are the configurations that were made for branches before the run goes on.
	furnished []*Configs
	// lastSeq is the number of the last event; endings are those of the step_finished events, by address.
	lastSeq int64
	endings map[string]int64
	ended   bool
	paused  bool
	outcome run.Outcome
}

// Recall folds the events of a run. Steps that the runbook no longer has are left out. The events must be those of one
// run, in order.
func Recall(cfg *Config, entries []journal.Entry) (*Past, error) {
	p := &Past{cfg: cfg, root: cfg.root(), endings: map[string]int64{}}
	p.branches = map[string]*branch{"": p.root}
	for _, entry := range entries {
		if err := p.take(entry); err != nil {
			return nil, fmt.Errorf("event %d of the run: %w", entry.Event.Seq, err)
		}
		p.lastSeq = entry.Event.Seq
	}
	return p, nil
}

// take folds one event.
func (p *Past) take(entry journal.Entry) error {
	e := *entry.Event
	switch e.Type {
	case run.RunStarted, run.RunFinished, run.RunPaused:
		p.note(&e)
		return p.root.state.Apply(&e)
	case run.RunResumed:
		p.ended, p.paused = false, false
		return p.resumeAll(&e)
	}
	if e.Type == run.StepFinished {
		p.endings[e.Step] = e.Seq
	}
	b, address, ok := p.find(e.Step)
	if !ok {
		return nil // the runbook does not have the step any more
	}
	e.Step = address
	return b.recall(p, &e, entry.Sealed)
}

func (p *Past) note(e *run.Event) {
	p.ended, p.paused = e.Type == run.RunFinished, e.Type == run.RunPaused
	if p.ended {
		p.outcome = e.Outcome
	}
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
		prefix := b.prefix + head + "/"
		child := p.branches[prefix]
		if child == nil {
			child = b.childBranch(node.Step, head)
			p.branches[prefix] = child
			if child.state.Apply(&run.Event{Type: run.RunStarted}) != nil {
				return nil, "", false
			}
		}
		b, address = child, rest
	}
}

// recall folds an event of a branch, and keeps what expressions see of the steps.
func (b *branch) recall(p *Past, e *run.Event, sealed []byte) error {
	if e.Step != "" && !b.has(e.Step) {
		return nil // an instance that went with its step
	}
	name := run.StepName(e.Step)
	switch e.Type {
	case run.StepExpanded:
		b.recallKeys(name, *e.Keys)
	case run.StepFinished:
		b.recallEnding(p, name, e, sealed)
	case run.StepNoted, run.StepAnswered, run.StepWaiting:
		p.unblank(e, sealed)
	}
	return b.state.Apply(e)
}

// has reports whether an address names a step or an instance of the branch.
func (b *branch) has(address string) bool {
	_, _, ok := b.state.Find(address)
	return ok
}

// recallKeys evaluates for_each again: what it refers to is what it was.
func (b *branch) recallKeys(name string, keys []string) {
	b.values.expand(name, keys, b.framesOf(name, keys))
}

// recallFrames gives the instances their values where the branch had no scope when they were recalled.
func (b *branch) recallFrames() {
	for _, n := range b.graph.Nodes {
		name := n.Step.Name
		b.values.reframe(name, func(keys []string) []lang.Frame { return b.framesOf(name, keys) })
	}
}

// framesOf is what instances see as each. A key that for_each no longer gives has no value.
func (b *branch) framesOf(name string, keys []string) []lang.Frame {
	byKey := map[string]lang.Frame{}
	if b.scope != nil {
		if v, diags := b.scope.Value(b.graph.Node(name).Step.ForEach, lang.Frame{}); !diags.HasErrors() {
			known, frames, _ := forEach(v)
			for i, k := range known {
				byKey[k] = frames[i]
			}
		}
	}
	frames := make([]lang.Frame, len(keys))
	for i, k := range keys {
		frame, ok := byKey[k]
		if !ok {
			frame = lostFrame(k)
		}
		frames[i] = frame
	}
	return frames
}

func (b *branch) recallEnding(p *Past, name string, e *run.Event, sealed []byte) {
	node := b.graph.Node(name)
	end := &ending{outcome: e.Outcome, err: e.Error, attempts: e.Attempts}
	if e.DurationMS != nil && e.Attempts > 0 {
		end.timing = timing{started: e.Time.Add(-millisecondsOf(*e.DurationMS)), finished: e.Time}
	}
	if e.Result != nil && !node.Step.IsCheck() {
		end.recall = sync.OnceValues(func() (cty.Value, string) { return p.restore(node.Step, e, sealed) })
		if sealed != nil {
			end.recall() // the secrets in it are known from now on, wherever they show up
		}
	}
	_, key, _ := b.state.Find(e.Step)
	b.values.end(name, key, end)
}

// resumeAll begins another session in every branch.
func (p *Past) resumeAll(e *run.Event) error {
	for prefix, b := range p.branches {
		own := *e
		own.Reset, own.Undo = under(b, e.Reset, prefix), under(b, e.Undo, prefix)
		if len(e.Undo) > 0 && prefix != "" && len(own.Undo) == 0 {
			continue
		}
		if e.Reset == nil {
			own.Reset = nil
		}
		if e.Undo == nil {
			own.Undo = nil
		}
		if err := b.state.Apply(&own); err != nil {
			return err
		}
		b.forget()
	}
	return nil
}

// forget lets go of what is known of steps that run again.
func (b *branch) forget() {
	if b.scope != nil {
		b.scope.Forget()
	}
}

// under are the addresses of a branch among those of the whole run.
func under(b *branch, addresses []string, prefix string) []string {
	out := []string{}
	for _, a := range addresses {
		own, ok := strings.CutPrefix(a, prefix)
		if !ok {
			continue
		}
		if _, rest := run.SplitAddress(own); rest == "" && b.has(own) {
			out = append(out, own)
		}
	}
	return out
}

// prefixes lists the branches, the root first.
func (p *Past) prefixes() []string { return slices.Sorted(maps.Keys(p.branches)) }

// Doubts lists the writes in doubt of all branches.
func (p *Past) Doubts() []run.Doubt {
	var out []run.Doubt
	for _, prefix := range p.prefixes() {
		for _, d := range p.branches[prefix].state.InDoubt() {
			d.Address = prefix + d.Address
			out = append(out, d)
		}
	}
	return out
}

// Unfinished lists what a resumed run does again, in all branches. A step whose undo was in doubt, and counts as done by
// what was settled, is among them.
func (p *Past) Unfinished(settled ...Settled) []string {
	undone := map[string][]string{}
	for _, d := range settled {
		if b, own, ok := p.find(d.Address); ok && d.Undo && d.Decision == run.DecisionDone {
			undone[b.prefix] = append(undone[b.prefix], own)
		}
	}
	out := []string{}
	for _, prefix := range p.prefixes() {
		for _, a := range p.branches[prefix].state.Unfinished(undone[prefix]...) {
			out = append(out, prefix+a)
		}
		out = append(out, p.rerunFor(prefix)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Affected adds to changed steps of the runbook itself what depends on them, and all steps of a runbook that one of them
// runs.
func (p *Past) Affected(changed []string) []string {
	out := p.root.state.Dependents(changed)
	names := map[string]bool{}
	for _, name := range out {
		names[name] = true
	}
	for _, prefix := range p.prefixes() {
		if head, _ := run.SplitAddress(prefix); !names[run.StepName(head)] {
			continue
		}
		for _, n := range p.branches[prefix].graph.Nodes {
			out = append(out, prefix+n.Step.Name)
		}
	}
	return out
}

// Kept are the steps of the runbook itself that ended in a way that a resume does not repeat.
func (p *Past) Kept() map[string]bool {
	kept := map[string]bool{}
	for _, n := range p.root.graph.Nodes {
		kept[n.Step.Name] = p.root.state.Outcome(n.Step.Name) != ""
	}
	again := p.root.state.Unfinished()
	for _, prefix := range p.prefixes() {
		again = append(again, p.rerunFor(prefix)...)
	}
	for _, address := range again {
		kept[run.StepName(address)] = false
	}
	return kept
}

// Ended reports whether the last session ended the run, and how.
func (p *Past) Ended() (run.Outcome, bool) { return p.outcome, p.ended }

// Paused reports whether the run waits for people.
func (p *Past) Paused() bool { return p.paused }

// Inquire asks the system whether a write in doubt took place; a provider that can't tell finds [provider.Unknown].
func (p *Past) Inquire(ctx context.Context, d run.Doubt) (*provider.Found, error) {
	r, x, err := p.at(d.Address)
	if err != nil {
		return nil, err
	}
	step, local := x.step, x.local
	if d.Undo {
		local.Self = r.values.self(x.step.Name, x.key)
		step = step.Undo.Step
	}
	inquirer, ok := step.Spec.(provider.Inquirer)
	if !ok {
		return &provider.Found{}, nil
	}
	if noteLost(d.Note) {
		return nil, errNoteLost
	}
	args, err := r.arguments(step, local, x.effect)
	if err != nil {
		return nil, err
	}
	opened, _, err := r.open(ctx, step, local, args)
	if err != nil {
		return nil, err
	}
	call := r.call(step, opened, provider.Read)
	call.Key = d.Key
	return inquirer.Inquire(ctx, call, provider.Sent{Key: d.Key, At: d.At, Note: d.Note})
}

// at is a runner that can evaluate what a step refers to, with the step's execution.
func (p *Past) at(address string) (*runner, *execution, error) {
	b, own, ok := p.find(address)
	if !ok {
		return nil, nil, fmt.Errorf("there is no step %s", address)
	}
	i, key, ok := b.state.Find(own)
	if !ok {
		return nil, nil, fmt.Errorf("there is no step %s", address)
	}
	if err := p.furnish(b); err != nil {
		return nil, nil, err
	}
	r := newRunner(newSession(p.cfg), b, context.Background())
	local := lang.Frame{}
	if key >= 0 {
		local = b.values.each(b.graph.Nodes[i].Step.Name, key)
	}
	return r, r.newExecution(b.graph.Nodes[i].Step, key, local), nil
}

// Settled is a decision about a write in doubt.
type Settled struct {
	run.Doubt
	run.Resolution
	// Found is what the system told; nil where a person decided.
	Found *provider.Found
}

// Going is how a session goes on.
type Going struct {
	// Reset are the steps and instances that run again; Changes what changed in the files, for people.
	Reset, Changes []string
	// Settled are the decisions about all writes in doubt.
	Settled []Settled
	// Undo are the steps to undo, and nothing else; nil: the run goes on.
	Undo []string
}

// Resume runs another session of a run.
func Resume(ctx context.Context, p *Past, g Going) (*Result, hcl.Diagnostics, error) {
	s := newSession(p.cfg)
	s.seq = p.lastSeq
	defer p.Close()
	return carryOn(ctx, p.cfg, s, p.root, p.branches, func(r *runner) error {
		header := p.cfg.Header
		e := &run.Event{Type: run.RunResumed, Header: &header, Session: p.cfg.session(), Reset: g.Reset, Changes: g.Changes, Undo: g.Undo}
		if g.Undo == nil && e.Reset == nil {
			e.Reset = []string{}
		}
		if err := p.begin(r, e); err != nil {
			return err
		}
		for _, decided := range g.Settled {
			if err := p.settle(r, decided); err != nil {
				return err
			}
		}
		if g.Undo != nil {
			return nil // nobody is asked while steps are undone by hand
		}
		return r.wake()
	})
}

// begin tells run_resumed, and has the branches of the runbooks that steps run follow.
func (p *Past) begin(r *runner, e *run.Event) error {
	if e.Undo != nil {
		return p.beginUndo(r, e)
	}
	whole := *e
	for prefix, b := range p.branches {
		if prefix == "" {
			continue
		}
		own := whole
		own.Reset = under(b, e.Reset, prefix)
		if err := b.state.Apply(&own); err != nil {
			return err
		}
		b.forget()
	}
	p.root.forget()
	return r.resumed(r.state, e, under(p.root, e.Reset, ""), p.cfg.Files)
}

// settle tells what became of a write in doubt, and ends the step where it counts as done.
func (p *Past) settle(r *runner, d Settled) error {
	b, own, ok := p.find(d.Address)
	if !ok {
		return fmt.Errorf("there is no step %s", d.Address)
	}
	at := newRunner(r.session, b, r.hard)
	resolution := d.Resolution
	if d.Undo {
		return at.settleUndo(own, d)
	}
	if d.Decision != run.DecisionDone {
		return nil // it is among what runs again, and run_resumed says so
	}
	if err := at.emit(&run.Event{Type: run.StepResolved, Step: own, Resolution: &resolution}); err != nil {
		return err
	}
	i, key, _ := b.state.Find(own)
	step := b.graph.Nodes[i].Step
	x := at.executionAt(step, run.Command{Address: own, Step: i, Key: key})
	x.attempts, x.timing.started = d.Attempt, d.At
	if d.Found != nil && d.Found.Result != nil && p.furnish(b) == nil {
		a := &attempt{execution: x, number: d.Attempt, result: d.Found.Result, ended: r.clock()}
		return at.concludeWith(at.conclude(a, false))
	}
	return at.end(step, key, &run.Event{
		Step: own, Outcome: run.Warn, Summary: "taken as done: " + d.Why, Attempts: d.Attempt,
		Warnings: []string{"its result is not known, and its checks were not evaluated"},
	}, &ending{outcome: run.Warn, attempts: d.Attempt, timing: timing{d.At, r.clock()}})
}

// settleUndo ends an undo that was in doubt, or leaves it to be done again.
func (r *runner) settleUndo(address string, d Settled) error {
	zero := 0.0
	e := &run.Event{Type: run.UndoFinished, Step: address, Outcome: run.Pass, Summary: "taken as done: " + d.Why, DurationMS: &zero}
	if d.Decision != run.DecisionDone {
		e.Outcome, e.Summary, e.Error = run.Error, "", "it is done again: "+d.Why
		e.Reason = run.DecisionRedo
	}
	if !r.has(address) { // it went with its step, which runs again as a whole
		return r.session.emit(nil, r.prefix, journal.Entry{Event: e})
	}
	return r.emit(e)
}
