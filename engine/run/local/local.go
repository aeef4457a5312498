package local

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

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
	// Effects are the steps' effects by name, after what their authors stated, and those of the steps of the runbooks that they run, "db/ping", as
	// far as these were planned.
	Effects map[string]provider.Effect
	// Header is what run_started tells.
	Header run.Header
	// Expanding are the steps whose for_each only the run can tell.
	Expanding map[string]bool
	// Scope evaluates expressions. Run sets its Step, StepOutcome and StepLost.
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
	// Sink sees each event after it went to the journal; nil: nobody looks. Redact blanks secrets in a text; nil: none are known.
	Sink   func(journal.Entry)
	Redact func([]byte) []byte
	// Command writes a command of the program as people type it, "undo 01JD3V7C scale"; nil: as it is.
	Command func(text string) string
	// Secrets is told every sensitive string of arguments and results; nil: nobody is.
	Secrets SecretSink
	// Read are the values that secret(…) gave; nil: the history keeps none of them.
	Read *ReadSecrets
	// Unread says which secret of the run this session does not know, and why: nothing is shown then of what systems answer to its undos.
	// Empty: it knows all.
	Unread string
	// Seal encrypts what the journal's events leave out because it is sensitive, Unseal gives it back; nil: it is not kept.
	Seal, Unseal func([]byte) ([]byte, error)
	// Asker asks the person at the terminal; nil: nobody is there, and the run pauses where it would wait for somebody.
	Asker Asker
	// Answers are given beforehand to manual steps, by address, as a person writes them.
	Answers map[string]string
	// AutoApprove answers the question before writes that only the run could list. It never answers an approval.
	AutoApprove bool
	// User is who runs this session, "alice@ops"; PID and Hostname name its process.
	User, Hostname string
	PID            int
	SessionStart   time.Time
	// Allowed refuses an action by a policy, after its arguments were evaluated; nil: nothing is refused.
	Allowed func(rb *lang.Runbook, step *lang.Step, args cty.Value) error
	// Leases are the locks that this process holds for the run; LeaseTTL is how long each lasts without being renewed. Locks are those
	// of them that somebody may free by force: all but the run's own.
	Leases   []journal.Lease
	Locks    []journal.Lease
	LeaseTTL time.Duration
	// Child makes what a runbook that a step runs needs: its scope and its configurations, from the values of its variables.
	Child func(step *lang.Step, variables cty.Value) (*lang.Scope, *Configs, error)
	// Files are the contents of the runbook's files, kept with the run; Sealed the sensitive inputs.
	Files  []journal.File
	Inputs map[string]json.RawMessage
	// Interrupt stops the run gracefully when it is closed; nil: nothing does.
	Interrupt <-chan struct{}
	// Now is the clock, made steady; nil: the system's.
	Now func() time.Time
}

// Result is how the session ended.
type Result struct {
	// Paused says that only people can let the run go on.
	Paused     bool
	Outcome    run.Outcome
	ExitStatus int
	Counts     map[run.Outcome]int
	Outputs    []run.OutputValue
}

// The exit statuses that a session ends with.
const (
	exitPassed      = 0
	exitFailed      = 1
	exitInterrupted = 3 // or paused; see also run.ExitLeftOver
)

// Run carries the plan out. The error is the journal's, or a bug's: problems of steps are their outcomes. Cancelling ctx
// stops at once. Diagnostics are those of outputs that could not be evaluated.
func Run(ctx context.Context, cfg Config) (*Result, hcl.Diagnostics, error) {
	root := cfg.root()
	begin := func(r *runner) error {
		header := cfg.Header
		e := &run.Event{Type: run.RunStarted, Time: cfg.StartedAt, Header: &header, Session: cfg.session()}
		inputs, err := r.sealBeginning(cfg.Inputs, e.Header)
		if err != nil {
			return err
		}
		root.named.take(e, e.Targets)
		return r.session.emit(r.state, r.prefix, journal.Entry{Event: e, Files: cfg.Files, Sealed: inputs})
	}
	return carryOn(ctx, &cfg, newSession(&cfg), root, begin)
}

// root is the branch of the runbook itself.
func (c *Config) root() *branch {
	b := newBranch("", c.Runbook, c.Graph, c.Effects, c.MaxParallel)
	b.expanding = c.Expanding
	if c.Header.Inputs != nil {
		b.most = c.Header.Inputs.MaxParallel
	}
	b.use(c.Scope, c.Configs)
	return b
}

func (c *Config) session() *run.Session {
	return &run.Session{Host: c.Hostname, PID: c.PID, StartedAt: c.SessionStart.UTC(), User: c.User}
}

// sealInputs encrypts the inputs that are sensitive.
func (r *runner) sealInputs(inputs map[string]json.RawMessage) ([]byte, error) {
	sealed, err := r.sealed(inputs)
	if err != nil {
		return nil, fmt.Errorf("keep the sensitive variables for a resume: %w; "+
			"an age identity in RUNBOOK_KEY (age-keygen makes one) needs no file", err)
	}
	return sealed, nil
}

// carryOn runs a session: begin writes its first events.
func carryOn(ctx context.Context, cfg *Config, s *session, root *branch, begin func(*runner) error) (*Result, hcl.Diagnostics, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := newRunner(s, root, ctx)
	root.walk(func(b *branch) { b.tellTimes(s) })
	var group sync.WaitGroup
	service, end := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() { s.keepLeases(service, func(err error) { cancel(err) }) })
	s.desk.cancel, s.kill = r.cancelFrom, cancel
	group.Go(func() { s.desk.work(service) })
	err := begin(r)
	var result *Result
	if err == nil {
		result, err = r.run()
	}
	end()
	group.Wait()
	s.supplies.close()
	if err == nil {
		if discardErr := s.desk.discard(context.WithoutCancel(ctx)); discardErr != nil {
			cfg.Host.Log.Warn("messages that were read stay in the history", "error", discardErr)
		}
	}
	if closeErr := cfg.Configs.Close(); closeErr != nil {
		cfg.Host.Log.Warn("a client did not close cleanly", "error", closeErr)
	}
	if err != nil {
		return nil, r.outputDiags, fmt.Errorf("run %s: %w", cfg.RunID, err)
	}
	return result, r.outputDiags, nil
}
