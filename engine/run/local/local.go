package local

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// Config is a run to carry out. All fields are required unless they say otherwise.
type Config struct {
	RunID     string
	StartedAt time.Time
	Runbook   *lang.Runbook
	// Graph holds the steps that run.
	Graph *graph.Graph
	// Effects are the steps' effects by name, after what their authors stated.
	Effects map[string]provider.Effect
	// Header is what run_started tells.
	Header run.Header
	// Scope evaluates expressions. Run sets its Step and StepOutcome.
	Scope *lang.Scope
	// Configs opens clients of the provider configurations that the steps use.
	Configs *Configs
	// MaxParallel bounds the attempts under way; Timeout the run, zero: not.
	MaxParallel int
	Timeout     time.Duration
	ReadOnly    bool
	FailOnWarn  bool
	Host        provider.Host
	Journal     journal.Journal
	// Sink sees each event after it went to the journal; nil: nobody looks. Redact blanks secrets; nil: none are known.
	Sink   func(journal.Entry)
	Redact func([]byte) []byte
	// Secret is told every sensitive string of arguments and results; nil: nobody is.
	Secret func(string)
	// Interrupt stops the run gracefully when it is closed; nil: nothing does.
	Interrupt <-chan struct{}
	// Now is the clock, made steady; nil: the system's.
	Now func() time.Time
}

// Result is how the run ended.
type Result struct {
	Outcome    run.Outcome
	ExitStatus int
	Counts     map[run.Outcome]int
	Outputs    []run.OutputValue
}

// The exit statuses that a run ends with.
const (
	exitPassed      = 0
	exitFailed      = 1
	exitInterrupted = 3
)

// Run carries the plan out. The error is the journal's, or a bug's: problems of steps are their outcomes. Cancelling ctx
// stops at once. Diagnostics are those of outputs that could not be evaluated.
func Run(ctx context.Context, cfg Config) (*Result, hcl.Diagnostics, error) {
	r := newRunner(cfg)
	result, err := r.run(ctx)
	if closeErr := cfg.Configs.Close(); closeErr != nil {
		cfg.Host.Log.Warn("a client did not close cleanly", "error", closeErr)
	}
	if err != nil {
		return nil, r.outputDiags, fmt.Errorf("run %s: %w", cfg.RunID, err)
	}
	return result, r.outputDiags, nil
}

// schedule is what the scheduler has to know of the graph.
func schedule(cfg *Config) *run.Plan {
	p := &run.Plan{
		MaxParallel: max(cfg.MaxParallel, 1), StopOnFailure: cfg.Runbook.StopOnFailure,
		Steps: make([]run.StepSpec, len(cfg.Graph.Nodes)),
	}
	groups := map[*lang.ProviderConfig]int{}
	for i, n := range cfg.Graph.Nodes {
		s := n.Step
		spec := run.StepSpec{
			Name: s.Name, RunIf: string(s.RunIf), Group: -1, ContinueOnError: s.ContinueOnError,
			Write: cfg.Effects[s.Name] != provider.Read,
		}
		spec.Serial = spec.Write
		if c := cfg.Configs.block(s); c != nil && c.MaxParallel > 0 {
			if _, known := groups[c]; !known {
				groups[c] = len(p.Limits)
				p.Limits = append(p.Limits, c.MaxParallel)
			}
			spec.Group = groups[c]
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
		for _, e := range n.In {
			spec.Deps = append(spec.Deps, run.Dep{Step: e.From.Index, Full: e.Full && !e.Order, Order: e.Order})
		}
		p.Steps[i] = spec
	}
	return p
}
