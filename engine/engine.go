package engine

import (
	"context"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"
	"github.com/oklog/ulid/v2"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run/local"
)

// Engine loads, plans and runs runbooks with a set of providers on behalf of a host. It holds no state between calls.
type Engine struct {
	// Registry holds the providers.
	Registry *provider.Registry
	// Host is the environment that runbooks and providers see.
	Host provider.Host
	// Secrets read the secrets of systems for secret(…), by kind; env and file need none.
	Secrets map[string]SecretReader
	// User is who runs it, "alice@host".
	User string
}

// RunOptions are how a run is watched and kept.
type RunOptions struct {
	// Journal keeps the events; required.
	Journal journal.Journal
	// Sink sees every event after it was handed to the journal, in order; nil: nobody looks.
	Sink func(journal.Entry)
	// Redact blanks secrets in a text; nil: none are known.
	Redact func([]byte) []byte
	// Interrupt stops the run gracefully when it is closed: nothing new starts, reads are cancelled, writes in flight
	// end. Cancelling the context stops at once.
	Interrupt <-chan struct{}
	// Asker asks the person at the terminal; nil: nobody is there, and a run that needs somebody pauses.
	Asker local.Asker
	// Answers are given beforehand to manual steps, by address, as a person writes them.
	Answers map[string]string
	// AutoApprove answers the question before writes that only the run can list; never an approval.
	AutoApprove bool
	// Seal encrypts what the journal leaves out because it is sensitive, Unseal gives it back; nil: it is not kept.
	Seal, Unseal func([]byte) ([]byte, error)
	// Owner names this process in the locks that the run takes; its run and runbook are filled in.
	Owner journal.Owner
	// LockTimeout is how long to wait for the runbook's lock; zero: not at all. Waiting is told what is waited for, and until when, once;
	// left is what holds it of a run whose process is gone, else nil.
	LockTimeout time.Duration
	Waiting     func(held journal.Lock, left *Remains, until time.Time)
	// TookOver is told of each lock that was taken over from another run whose process is gone, with what that has left; nil: nobody is.
	TookOver func(from journal.Lock, left *Remains)
	// Command writes a command of the program as people type it, "resume 01JD3V7C", on the history that they named; nil: as it is.
	Command func(text string) string
	// FailOnWarn makes warnings count in the exit status.
	FailOnWarn bool
	// Now is the clock; nil: the system's. It is read for the date when the run begins, and then for its monotonic part, so
	// that setting the system's time moves no deadline.
	Now func() time.Time
}

// command is one in quotes that people are to type.
func (o *RunOptions) command(text string) string {
	if o.Command == nil {
		return `"runbook ` + text + `"`
	}
	return `"` + o.Command(text) + `"`
}

// Result is how a run ended.
type Result struct {
	RunID string
	local.Result
}

// Run carries a plan out. Errors among the diagnostics without a result mean that nothing was run, or that the journal
// could not be written: that error is the diagnostic's Extra.
func (e *Engine) Run(ctx context.Context, plan *Plan, opts RunOptions) (*Result, hcl.Diagnostics) {
	held, diags := e.lock(ctx, plan, &opts)
	if diags.HasErrors() {
		return nil, diags
	}
	// The run begins now: its person may have looked at the plan for a while.
	plan.StartedAt = time.Now()
	if opts.Now != nil {
		plan.StartedAt = opts.Now()
	}
	cfg := e.config(ctx, plan, &opts, held)
	result, more, err := local.Run(ctx, cfg)
	return e.ended(ctx, plan, held, result, append(diags, more...), err)
}

// ended lets go of the locks and says what became of a session.
func (e *Engine) ended(ctx context.Context, plan *Plan, held *locks, result *local.Result, diags hcl.Diagnostics, err error) (*Result, hcl.Diagnostics) {
	if releaseErr := held.release(context.WithoutCancel(ctx), result != nil && result.Paused); releaseErr != nil {
		e.host().Log.Warn("a lock could not be let go of; it runs out by itself", "error", releaseErr)
	}
	if err != nil {
		return nil, append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "The run can't go on", Detail: sentence(err), Extra: err,
		})
	}
	return &Result{RunID: plan.RunID, Result: *result}, diags
}

// config is a session of a plan.
func (e *Engine) config(ctx context.Context, plan *Plan, opts *RunOptions, held *locks) local.Config {
	plan.now = opts.Now
	// A scope keeps what locals gave; the plan's saw no results.
	scope := e.scope(ctx, plan)
	scope.KnowFrom(plan.scope)
	header := plan.Header
	header.Inputs = inputsOf(plan, opts)
	return local.Config{
		RunID: plan.RunID, StartedAt: plan.StartedAt, Runbook: plan.Runbook, Graph: plan.Graph, Effects: plan.effects(),
		Expanding: plan.expanding(), Header: header, Scope: scope, Configs: plan.configs, MaxParallel: plan.maxParallel(), Timeout: plan.timeout(),
		ReadOnly: plan.Options.ReadOnly, FailOnWarn: opts.FailOnWarn, Host: e.host(), Journal: opts.Journal, Sink: opts.Sink,
		Redact: opts.Redact, Command: opts.Command, Secrets: plan.Options.Secrets, Read: &plan.secrets.given, Interrupt: opts.Interrupt, Now: opts.Now,
		Seal: opts.Seal, Unseal: opts.Unseal, Asker: opts.Asker, Answers: opts.Answers, AutoApprove: opts.AutoApprove,
		User: e.User, Hostname: opts.Owner.Host, PID: opts.Owner.PID, SessionStart: time.Now(),
		Leases: held.list(), Locks: held.named, LeaseTTL: leaseTime, Child: e.childMaker(ctx, plan), Allowed: plan.allowed, Files: filesOf(plan.Runbook), Inputs: sensitiveInputs(plan),
	}
}

// host is the engine's with a log that can be called.
func (e *Engine) host() provider.Host {
	h := e.Host
	if h.Log == nil {
		h.Log = hclog.NewNullLogger()
	}
	return h
}

// newRunID is unique and sorts by time.
func newRunID(at time.Time) string {
	return ulid.MustNew(ulid.Timestamp(at), ulid.DefaultEntropy()).String()
}

// countMayDestroy counts the steps that may destroy, and of which only the run tells.
func countMayDestroy(steps []PlannedStep) int {
	n := 0
	for i := range steps {
		if steps[i].MayDestroy() {
			n++
		}
	}
	return n
}

// countEffects counts the steps of each effect, checks left out.
func countEffects(steps []PlannedStep) map[string]int {
	counts := map[string]int{}
	for _, s := range steps {
		if !s.IsCheck {
			counts[s.Effect.String()]++
		}
	}
	return counts
}
