package engine

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// PlanOptions are what the person who runs a runbook adds to it.
type PlanOptions struct {
	// Environment is the one that the runbook was loaded for, see [Engine.LoadIn]; empty: whichever that is.
	Environment string
	// Variables are the sources of variables' values beside the file's own.
	Variables lang.VariableSources
	// Targets keeps only these steps and what they depend on; empty: all.
	Targets []string
	// ReadOnly refuses every step that is not a read.
	ReadOnly bool
	// MaxParallel and Timeout override the runbook's; zero: the runbook's.
	MaxParallel int
	Timeout     time.Duration
	// Apply makes a plan that will be run: secrets and the environment are read, and what can't be run is an error.
	Apply bool
	// Undo makes the plan of a session that only undoes: no secret is read for it. What the undos need is read when it is known which.
	Undo bool
	// Past makes the plan of another session of a run that began before; nil: a new run.
	Past *PastRun
	// Secrets is told every secret value that is read; nil: nobody is.
	Secrets local.SecretSink
	// Redact blanks in a text what it was told; nil: nothing.
	Redact func([]byte) []byte
}

// PastRun is what a plan takes over from the run that it goes on with.
type PastRun struct {
	RunID     string
	StartedAt time.Time
	// Variables are the values with which the run began.
	Variables map[string]cty.Value
}

// Plan is a checked runbook with its inputs: what a run would do.
type Plan struct {
	Runbook   *lang.Runbook
	Graph     *graph.Graph
	Variables map[string]cty.Value
	Options   PlanOptions
	// RunID and StartedAt are the run's, should the plan be run.
	RunID     string
	StartedAt time.Time
	// Header is what run_started will tell: the targets among it.
	Header run.Header
	Steps  []PlannedStep // in the order of the file
	// Stages are the steps' names by depth: the steps of a stage wait only for steps of earlier ones.
	Stages [][]string
	// Notifies are what tells contacts while steps wait for a person, in the order of the steps that do.
	Notifies []PlannedNotify

	// now is the run's clock; nil: the system's.
	now     func() time.Time
	scope   *lang.Scope
	configs *local.Configs
	secrets *secretReaders
	// reads are the files that expressions have read and arguments have named, those of the runbooks within it too; within are their plans.
	reads  *fileReads
	within []*Plan
}

// Plan says what a run would do, without touching a system. The runbook must have been loaded without errors.
func (e *Engine) Plan(ctx context.Context, rb *Runbook, opts PlanOptions) (*Plan, hcl.Diagnostics) {
	if bad := wrongEnvironment(rb.Runbook, &opts); bad != nil {
		return nil, hcl.Diagnostics{bad}
	}
	sources := opts.Variables
	if opts.Past != nil {
		if diags := withoutValue(rb.Runbook, opts.Past.Variables); diags.HasErrors() {
			return nil, diags
		}
		sources = lang.VariableSources{Given: opts.Past.Variables, GivenFrom: "the run"}
	}
	variables, diags := lang.ResolveVariables(rb.Runbook, sources)
	if diags.HasErrors() {
		return nil, diags
	}
	g := rb.Graph
	if len(opts.Targets) > 0 {
		selected, err := g.Select(opts.Targets)
		if err != nil {
			return nil, append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Wrong --target", Detail: err.Error()})
		}
		g = selected
	}
	tellVariables(variables, opts.Secrets)
	now := time.Now()
	p := &Plan{Runbook: rb.Runbook, Graph: g, Variables: variables, Options: opts, StartedAt: now}
	if opts.Past != nil {
		p.RunID, p.StartedAt = opts.Past.RunID, opts.Past.StartedAt
	} else {
		p.RunID = newRunID(now)
	}
	p.secrets, p.reads = newSecretReaders(e.Secrets, e.host()), &fileReads{}
	p.scope = e.scope(ctx, p)
	p.configs = e.configs(p, rb.Runbook, p.scope, p.maxParallel())
	p.configs.Foresee = !opts.Apply
	planner := &planner{plan: p, child: func(sub *Plan) { e.prepareChild(ctx, p, sub) }, graphs: rb.Children, seen: map[run.Target]bool{}}
	for _, n := range g.Nodes {
		p.Steps = append(p.Steps, planner.step(n))
	}
	p.Notifies = planner.allNotifiers()
	for _, stage := range g.Stages() {
		names := make([]string, len(stage))
		for i, n := range stage {
			names[i] = n.Step.Name
		}
		p.Stages = append(p.Stages, names)
	}
	p.Header = p.header(e.User, planner.targets, planner.places)
	diags = append(diags, planner.findings("")...)
	return p, append(diags, planner.secretKeys()...)
}

// configs makes the configurations of a runbook of the plan: its own, or one that a step runs.
func (e *Engine) configs(p *Plan, rb *lang.Runbook, scope *lang.Scope, parallel int) *local.Configs {
	configs := local.NewConfigs(rb, scope, e.host(), p.Options.ReadOnly, parallel, p.Options.Secrets)
	configs.Redact, configs.Root = p.Options.Redact, p.Runbook
	return configs
}

// scope is what the plan's expressions see. Without Apply, what only a run knows is unknown.
func (e *Engine) scope(ctx context.Context, p *Plan) *lang.Scope {
	now := p.now
	if now == nil {
		now = time.Now
	}
	var secret func(string)
	if p.Options.Secrets != nil {
		secret = p.Options.Secrets.Add
	}
	s := &lang.Scope{
		Runbook: p.Runbook, Variables: p.Variables, RunID: p.RunID, StartedAt: p.StartedAt, Environment: p.Options.Environment,
		Step:        func(string) cty.Value { return cty.DynamicVal },
		StepOutcome: func(string) string { return "" },
		Host: lang.FunctionHost{
			Lookup: e.Host.Lookup, HomeDir: e.Host.HomeDir, Dir: p.Runbook.Dir, StartedAt: p.StartedAt, Now: now,
			Static: !p.Options.Apply && !p.Options.Undo, NoSecrets: p.Options.Undo, OnSecret: secret, OnRead: p.secrets.given.Add, OnFile: p.reads.add, Secrets: p.secrets.functions(ctx),
		},
	}
	return s
}

func (p *Plan) header(user string, targets, places []run.Target) run.Header {
	return run.Header{
		Runbook: p.Runbook.Name, Title: p.Runbook.Title, File: p.Runbook.File, User: user, ReadOnly: p.Options.ReadOnly,
		Environment: p.Options.Environment, Lock: strings.Join(p.locks(), ", "), Files: fileRefs(p.Runbook),
		Steps: len(p.Steps), Effects: countEffects(p.Steps), MayDestroy: countMayDestroy(p.Steps), Targets: targets, Places: places,
		MTTRTargetMS: float64(p.Runbook.MTTRTarget.Milliseconds()),
	}
}

func (p *Plan) maxParallel() int {
	if p.Options.MaxParallel > 0 {
		return p.Options.MaxParallel
	}
	return p.Runbook.MaxParallel
}

func (p *Plan) timeout() time.Duration {
	if p.Options.Timeout > 0 {
		return p.Options.Timeout
	}
	return p.Runbook.Timeout
}

func (p *Plan) effects() map[string]provider.Effect {
	effects := make(map[string]provider.Effect, len(p.Steps))
	var add func([]PlannedStep)
	add = func(steps []PlannedStep) {
		for i := range steps {
			effects[steps[i].Name] = steps[i].Effect
			add(steps[i].Steps)
		}
	}
	add(p.Steps)
	return effects
}

// expanding are the steps whose instances only the run can tell.
func (p *Plan) expanding() map[string]bool {
	out := map[string]bool{}
	for _, s := range p.Steps {
		if s.Expands {
			out[s.Name] = true
		}
	}
	return out
}
