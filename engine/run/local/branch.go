package local

import (
	"maps"
	"slices"
	"time"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// branch is a runbook in a run with what is known of its steps: the run's own, or one that a step runs.
type branch struct {
	// prefix is what the addresses of its steps begin with in the events: empty, or the step that runs it and a slash.
	prefix string
	// parent, step and address are the branch, the step and its address there that run it; nil and empty for the run's own.
	parent  *branch
	step    *lang.Step
	address string
	runbook *lang.Runbook
	graph   *graph.Graph
	effects map[string]provider.Effect
	// expanding are the steps whose instances only the run can tell.
	expanding map[string]bool
	// most bounds the attempts under way in each runbook below it, whatever that says; zero: not.
	most   int
	state  *run.State
	values *values
	// below are the runbooks that its steps run, by the step's address. Only the loop of the branch touches it while the run goes on.
	below map[string]*branch
	// deeds are what executions of steps that have an undo did, by the number of the event that told it.
	deeds map[int64]*deed
	// scope evaluates expressions, configs opens clients.
	scope   *lang.Scope
	configs *Configs
	// times are what now gave.
	times readings
	// called is what the step that runs it saw as each when the branch began: that instance may be gone by now.
	called lang.Frame
	// each is what for_each gave in earlier sessions, by step, where that was kept.
	each map[string]*keptEach
	// bindings are the sealed keys of questions that were asked in earlier sessions, by address, and the probes of sensitive questions.
	bindings map[string][]byte
	// keys are those of questions that this session asked, by address.
	keys map[string][]byte
	// approved is what approvals were asked for last, by address.
	approved map[string]*approved
	// sent is what writes and undos of earlier sessions were sent with last, see sentKey.
	sent map[string]*sentWith
	// resolved says of writes in doubt why they count as done, by address, until their end is recalled.
	resolved map[string]string
	// undoneWith is what the undos of writes refer to, by address, as it stood when these were sent last.
	undoneWith map[string]*undoWith
	// started is when the first attempt at steps started in earlier sessions, by address.
	started map[string]time.Time
	// systems are those that writes were sent to last, by address.
	systems map[string]*run.Target
	// namedAt is what the session named that sent them.
	namedAt map[string][]run.Target
	// acted are the places where configurations of the branch had writes sent last in earlier sessions, by address.
	acted map[string]acted
	// named are the systems that the sessions of the run name when they begin; it is one for all branches of a run.
	named *named
}

func newBranch(prefix string, rb *lang.Runbook, g *graph.Graph, effects map[string]provider.Effect, parallel int) *branch {
	b := &branch{
		prefix: prefix, runbook: rb, graph: g, effects: effects, values: newValues(g), below: map[string]*branch{}, deeds: map[int64]*deed{},
		each: map[string]*keptEach{}, started: map[string]time.Time{},
		times: readings{prefix: prefix}, bindings: map[string][]byte{}, keys: map[string][]byte{}, approved: map[string]*approved{}, sent: map[string]*sentWith{}, systems: map[string]*run.Target{}, namedAt: map[string][]run.Target{}, undoneWith: map[string]*undoWith{}, acted: map[string]acted{}, named: &named{},
	}
	b.state = run.NewState(b.schedule(parallel))
	return b
}

// adopt begins the branch of a runbook that a step of b runs, without what its variables decide.
func (b *branch) adopt(step *lang.Step, address string) (*branch, error) {
	child := b.childBranch(step, address)
	child.times.told, child.named = b.times.told, b.named
	if _, key, ok := b.state.Find(address); ok && key >= 0 {
		child.called = b.values.each(step.Name, key)
	}
	b.below[address] = child
	b.state.Adopt(address, child.state)
	return child, child.state.Apply(&run.Event{Type: run.RunStarted})
}

// walk visits the branch and all below it, each after the one around it and in the order of the addresses.
func (b *branch) walk(visit func(*branch)) {
	visit(b)
	for _, address := range slices.Sorted(maps.Keys(b.below)) {
		b.below[address].walk(visit)
	}
}

// find follows an address, seen from b, to the branch that it is of; nil: there is none.
func (b *branch) find(address string) (_ *branch, own string) {
	head, rest := run.SplitAddress(address)
	if rest == "" {
		return b, address
	}
	if child := b.below[head]; child != nil {
		return child.find(rest)
	}
	return nil, ""
}

// isAside reports whether the step of an address, or one around it, does not have that instance any more.
func (b *branch) isAside(address string) bool {
	head, rest := run.SplitAddress(address)
	child := b.below[head]
	return b.state.Aside(address[:len(head)]) || child != nil && rest != "" && child.isAside(rest)
}

func (b *branch) childBranch(step *lang.Step, address string) *branch {
	// The checker has built the graph before and found no cycle in it.
	g, _ := graph.Build(step.Child)
	effects := b.effectsWithin(step, g)
	parallel := step.Child.MaxParallel
	if b.most > 0 {
		parallel = min(parallel, b.most)
	}
	child := newBranch(b.prefix+address+"/", step.Child, g, effects, parallel)
	child.parent, child.step, child.address, child.most = b, step, address, b.most
	child.expanding = map[string]bool{}
	for _, n := range g.Nodes {
		child.expanding[n.Step.Name] = n.Step.ForEach != nil
	}
	return child
}

// effectsWithin are those of the steps of the runbook that a step runs: as they were planned with the variables that it is given, else the worst
// that their text allows.
func (b *branch) effectsWithin(step *lang.Step, g *graph.Graph) map[string]provider.Effect {
	root, prefix := b, step.Name+"/"
	for ; root.parent != nil; root = root.parent {
		prefix = root.step.Name + "/" + prefix
	}
	effects := make(map[string]provider.Effect, len(g.Nodes))
	for _, n := range g.Nodes {
		effect, planned := root.effects[prefix+n.Step.Name]
		if !planned {
			effect = graph.Effect(n.Step)
		}
		effects[n.Step.Name] = effect
	}
	return effects
}

// use gives the branch what its variables decide.
func (b *branch) use(scope *lang.Scope, configs *Configs) {
	b.scope, b.configs = scope, configs
	scope.Step = b.values.step
	scope.StepOutcome, scope.StepLost = b.values.outcome, b.values.lost
	scope.Clock = func(at lang.Place) time.Time { return b.times.read(at, scope.Host.Now) }
	configs.scope = scope
}

// schedule is what the scheduler has to know of the graph.
func (b *branch) schedule(parallel int) *run.Plan {
	p := &run.Plan{
		MaxParallel: max(parallel, 1), StopOnFailure: b.runbook.StopOnFailure, Steps: make([]run.StepSpec, len(b.graph.Nodes)),
	}
	groups := map[*lang.ProviderConfig]int{}
	for i, n := range b.graph.Nodes {
		spec := specOf(n.Step, b.effects[n.Step.Name])
		if c := b.runbook.ConfigOf(n.Step); c != nil && c.MaxParallel > 0 {
			if _, known := groups[c]; !known {
				groups[c] = len(p.Limits)
				p.Limits = append(p.Limits, c.MaxParallel)
			}
			spec.Group = groups[c]
		}
		for _, e := range n.In {
			spec.Deps = append(spec.Deps, run.Dep{Step: e.From.Index, Full: e.Full && !e.Order, Order: e.Order, Turn: e.Turn})
		}
		p.Steps[i] = spec
	}
	return p
}

// specOf is a step as the scheduler sees it, without its dependencies.
func specOf(s *lang.Step, effect provider.Effect) run.StepSpec {
	spec := run.StepSpec{
		Name: s.Name, RunIf: string(s.RunIf), Group: -1, ContinueOnError: s.ContinueOnError,
		Write: effect != provider.Read, Child: s.Child != nil, Asks: asks(s), Check: s.IsCheck(),
	}
	spec.Serial = spec.Write
	if s.Undo != nil {
		spec.Undo = run.UndoOnFailure
		if s.Undo.OnEnd {
			spec.Undo = run.UndoOnEnd
		}
	}
	if s.Retry != nil {
		spec.Retry = &run.RetryPolicy{
			Attempts: s.Retry.Attempts, Delay: s.Retry.Delay, MaxDelay: s.Retry.MaxDelay,
			Constant: s.Retry.Constant, Writes: s.Retry.Writes,
		}
	}
	if s.Poll != nil {
		spec.Poll = &run.PollPolicy{Interval: s.Poll.Interval, Timeout: s.Poll.Timeout, Hold: s.Poll.Hold}
	}
	return spec
}

// asks reports whether a person must answer before a step's action.
func asks(s *lang.Step) bool {
	return s.Approval != nil || s.Spec != nil && s.Spec.Spec().Asks
}
