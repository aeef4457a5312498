package enginetest

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
	"github.com/e82355ed/runbook/internal/redact"
)

// Options are what a test adds to a run. The zero value is fine.
type Options struct {
	Plan      engine.PlanOptions
	Env       map[string]string
	Secrets   map[string]engine.SecretReader
	Interrupt <-chan struct{}
	// OnEvent sees each event as it happens.
	OnEvent    func(run.Event)
	FailOnWarn bool
	// Asker, Answers, AutoApprove and Seal are as in engine.RunOptions.
	Asker        local.Asker
	Answers      map[string]string
	AutoApprove  bool
	Seal, Unseal func([]byte) ([]byte, error)
	// Settle decides about a write in doubt of a run that is resumed; nil: it did not take place.
	Settle      func(run.Doubt, *provider.Found) run.Resolution
	WithChanges bool
	// Journal replaces the SQLite file.
	Journal journal.Journal
	Context context.Context
	// Now is the clock, as in engine.RunOptions.
	Now func() time.Time
}

// Outcome is what a run came to.
type Outcome struct {
	Result *engine.Result
	Diags  hcl.Diagnostics
	Events []run.Event
	// Stream is the JSON lines.
	Stream string
}

// Run loads, plans and runs a runbook with the fake provider. The text may leave out the runbook block.
func Run(t testing.TB, fake *Fake, text string, opts Options) Outcome {
	t.Helper()
	return RunFile(t, fake, Write(t, text), opts)
}

// RunFile is Run for a file, which may refer to others.
func RunFile(t testing.TB, fake *Fake, path string, opts Options) Outcome {
	t.Helper()
	e := opts.engine(fake)
	rb, diags := e.Load(path)
	if diags.HasErrors() {
		return Outcome{Diags: diags}
	}
	redactor := &redact.Redactor{}
	opts.Plan.Apply, opts.Plan.Secrets, opts.Plan.Redact = true, redactor, redactor.Bytes
	ctx, cancel := opts.context(t)
	defer cancel()
	plan, more := e.Plan(ctx, rb, opts.Plan)
	diags = append(diags, more...)
	if diags.HasErrors() {
		return Outcome{Diags: diags}
	}
	return carryOut(ctx, t, e, plan, opts, redactor)
}

func (o *Options) engine(fake *Fake) *engine.Engine {
	e := New(fake, o.Env)
	e.Secrets = o.Secrets
	return e
}

// context ends a session that hangs.
func (o *Options) context(t testing.TB) (context.Context, context.CancelFunc) {
	ctx := o.Context
	if ctx == nil {
		ctx = t.Context()
	}
	return context.WithTimeout(ctx, deadline)
}

// ended fails the test where only the deadline ended the session.
func ended(ctx context.Context, t testing.TB, stream *bytes.Buffer) {
	t.Helper()
	if ctx.Err() == context.DeadlineExceeded {
		t.Fatalf("the run did not end:\n%s", stream.String())
	}
}

func carryOut(ctx context.Context, t testing.TB, e *engine.Engine, plan *engine.Plan, opts Options, redactor *redact.Redactor) Outcome {
	t.Helper()
	j := opts.Journal
	if j == nil {
		var err error
		if j, err = sqlite.Open(ctx, filepath.Join(t.TempDir(), "runs.db")); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	out := Outcome{}
	stream := &bytes.Buffer{}
	result, more := e.Run(ctx, plan, opts.runOptions(j, redactor, &out, stream))
	ended(ctx, t, stream)
	out.Result, out.Diags, out.Stream = result, more, stream.String()
	return out
}

// runOptions are those of the engine; events go to out and stream.
func (o *Options) runOptions(j journal.Journal, redactor *redact.Redactor, out *Outcome, stream *bytes.Buffer) engine.RunOptions {
	return engine.RunOptions{
		Journal: j, Interrupt: o.Interrupt, FailOnWarn: o.FailOnWarn, Redact: redactor.Bytes, Asker: o.Asker, Answers: o.Answers,
		AutoApprove: o.AutoApprove, Seal: o.Seal, Unseal: o.Unseal, Now: o.Now,
		Sink: func(entry journal.Entry) {
			out.Events = append(out.Events, *entry.Event)
			stream.Write(entry.JSON)
			stream.WriteByte('\n')
			if o.OnEvent != nil {
				o.OnEvent(*entry.Event)
			}
		},
	}
}

// Resume runs another session of a run in opts.Journal, which is required.
func Resume(t testing.TB, fake *Fake, runID string, opts Options) Outcome {
	t.Helper()
	ctx, cancel := opts.context(t)
	defer cancel()
	out, stream, redactor := Outcome{}, &bytes.Buffer{}, &redact.Redactor{}
	e := opts.engine(fake)
	recalled, diags := e.Recall(ctx, runID, engine.RecallOptions{
		RunOptions: opts.runOptions(opts.Journal, redactor, &out, stream), Secrets: redactor, WithChanges: opts.WithChanges,
	})
	if out.Diags = diags; diags.HasErrors() {
		return out
	}
	var settled []local.Settled
	for _, d := range recalled.Doubts() {
		found, err := recalled.Inquire(ctx, d)
		if err != nil {
			t.Logf("inquire about %s: %v", d.Address, err)
		}
		s := local.Settled{Doubt: d, Resolution: run.Resolution{Decision: run.DecisionRedo, How: run.HowInquired}, Found: found}
		if opts.Settle != nil {
			s.Resolution = opts.Settle(d, found)
		}
		s.Resolution.Failed = d.Failed
		settled = append(settled, s)
	}
	out.Result, out.Diags = e.Resume(ctx, recalled, settled)
	ended(ctx, t, stream)
	out.Stream = stream.String()
	return out
}

// Undo undoes steps of a run in opts.Journal by hand: those at the addresses, or all that can be. Settle decides about undos
// that are in doubt, or of which a part took place.
func Undo(t testing.TB, fake *Fake, runID string, opts Options, addresses ...string) Outcome {
	t.Helper()
	ctx, cancel := opts.context(t)
	defer cancel()
	out, stream, redactor := Outcome{}, &bytes.Buffer{}, &redact.Redactor{}
	e := opts.engine(fake)
	chosen := func(p *local.Past) []run.Effect {
		all := p.Undoable()
		if len(addresses) == 0 {
			addresses = run.Addresses(all)
		}
		return slices.DeleteFunc(all, func(e run.Effect) bool { return !slices.Contains(addresses, e.Address) })
	}
	recalled, diags := e.Recall(ctx, runID, engine.RecallOptions{
		RunOptions: opts.runOptions(opts.Journal, redactor, &out, stream), Secrets: redactor, Undo: chosen,
	})
	if out.Diags = diags; diags.HasErrors() {
		return out
	}
	var settled []local.Settled
	failed := slices.DeleteFunc(recalled.Past.FailedUndos(), func(d run.Doubt) bool { return d.Partly == "" })
	for _, d := range append(recalled.Past.Doubts(), failed...) {
		if d.Undo && opts.Settle != nil && (!d.Failed || slices.Contains(addresses, d.Address)) {
			s := local.Settled{Doubt: d, Resolution: opts.Settle(d, nil)}
			s.Resolution.Failed = d.Failed
			settled = append(settled, s)
		}
	}
	out.Result, out.Diags = e.Undo(ctx, recalled, addresses, settled)
	ended(ctx, t, stream)
	out.Stream = stream.String()
	return out
}

// Settle has opts.Settle decide about the writes of a run in opts.Journal that are in doubt, and runs nothing: what [Undo] begins with at the
// command line. One whose undo is in doubt too is left.
func Settle(t testing.TB, fake *Fake, runID string, opts Options) Outcome {
	t.Helper()
	ctx, cancel := opts.context(t)
	defer cancel()
	out, stream, redactor := Outcome{}, &bytes.Buffer{}, &redact.Redactor{}
	e := opts.engine(fake)
	recalled, diags := e.Recall(ctx, runID, engine.RecallOptions{
		RunOptions: opts.runOptions(opts.Journal, redactor, &out, stream), Secrets: redactor, Undo: (*local.Past).Undoable,
	})
	if out.Diags = diags; diags.HasErrors() {
		return out
	}
	var settled []local.Settled
	doubts := recalled.Past.Doubts()
	for _, d := range doubts {
		both := slices.ContainsFunc(doubts, func(other run.Doubt) bool { return other.Undo && other.Address == d.Address })
		if !d.Undo && !both {
			settled = append(settled, local.Settled{Doubt: d, Resolution: opts.Settle(d, nil)})
		}
	}
	if settled == nil {
		out.Diags = append(out.Diags, recalled.Drop(ctx)...)
		return out
	}
	out.Result, out.Diags = e.Settle(ctx, recalled, settled)
	ended(ctx, t, stream)
	out.Stream = stream.String()
	return out
}

// Cancel ends a run in opts.Journal that no process runs.
func Cancel(t testing.TB, fake *Fake, runID string, opts Options) Outcome {
	t.Helper()
	ctx, cancel := opts.context(t)
	defer cancel()
	out, stream, redactor := Outcome{}, &bytes.Buffer{}, &redact.Redactor{}
	e := opts.engine(fake)
	recalled, diags := e.Recall(ctx, runID, engine.RecallOptions{
		RunOptions: opts.runOptions(opts.Journal, redactor, &out, stream), Secrets: redactor, Undo: (*local.Past).NotUndone, GivesUp: true,
	})
	if out.Diags = diags; diags.HasErrors() {
		return out
	}
	out.Result, out.Diags = e.Cancel(ctx, recalled)
	ended(ctx, t, stream)
	out.Stream = stream.String()
	return out
}

// CutAfter copies the first n events of a run to a new journal: what a crash after the nth leaves.
func CutAfter(t testing.TB, from journal.Journal, runID string, n int) journal.Journal {
	t.Helper()
	to := Store(t)
	copyEvents(t, from, to, runID, n, nil)
	return to
}

// Retell is a history like another, with its events changed.
func Retell(t testing.TB, from journal.Journal, runID string, change func(*run.Event)) journal.Journal {
	t.Helper()
	to := Store(t)
	copyEvents(t, from, to, runID, math.MaxInt, change)
	return to
}

// CutTo is CutAfter for a file.
func CutTo(t testing.TB, from journal.Journal, runID string, n int, path string) {
	t.Helper()
	to, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	copyEvents(t, from, to, runID, n, nil)
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
}

func copyEvents(t testing.TB, from, to journal.Journal, runID string, n int, change func(*run.Event)) {
	t.Helper()
	for entry, err := range from.Events(t.Context(), runID) {
		if err != nil {
			t.Fatal(err)
		}
		if n--; n < 0 {
			break
		}
		if entry.Event.Header != nil {
			for _, ref := range entry.Event.Files {
				content, err := from.File(t.Context(), runID, ref.SHA256)
				if err != nil {
					t.Fatal(err)
				}
				entry.Files = append(entry.Files, journal.File{SHA256: ref.SHA256, Content: content})
			}
		}
		if change != nil {
			change(entry.Event)
			text, err := json.Marshal(entry.Event)
			if err != nil {
				t.Fatal(err)
			}
			entry.JSON = text
		}
		if err := to.Append(t.Context(), runID, []journal.Entry{entry}); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Store opens a journal in a file of the test's.
func Store(t testing.TB) journal.Journal {
	t.Helper()
	j, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// New makes an engine with the fake provider and an environment of the test's own.
func New(fake *Fake, env map[string]string) *engine.Engine {
	return &engine.Engine{
		Registry: provider.NewRegistry(fake.Provider()),
		Host: provider.Host{
			Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }, HomeDir: env["HOME"],
			Log: hclog.NewNullLogger(),
		},
		User: "test@host",
	}
}

// Write puts a runbook in a file of the test's and gives its path.
func Write(t testing.TB, text string) string {
	t.Helper()
	if !strings.Contains(text, "runbook \"") {
		text = "runbook \"test\" {}\n" + text
	}
	path := filepath.Join(t.TempDir(), "test.hcl")
	Rewrite(t, path, text)
	return path
}

// Rewrite gives a file another text.
func Rewrite(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Ends fails the test unless the session ended with an exit status.
func (o Outcome) Ends(t testing.TB, status int) {
	t.Helper()
	if o.Result == nil || o.Result.ExitStatus != status {
		t.Fatalf("the run did not end with status %d: %+v %v\n%s", status, o.Result, o.Diags, o.Stream)
	}
}

// Pauses fails the test unless the run waits for people now.
func (o Outcome) Pauses(t testing.TB) {
	t.Helper()
	if o.Result == nil || !o.Result.Paused {
		t.Fatalf("the run does not pause: %+v %v\n%s", o.Result, o.Diags, o.Stream)
	}
}

// Finished gives the step_finished events by address.
func (o Outcome) Finished() map[string]run.Event {
	out := map[string]run.Event{}
	for _, e := range o.Events {
		if e.Type == run.StepFinished {
			out[e.Step] = e
		}
	}
	return out
}

// Outcomes gives the outcomes by address.
func (o Outcome) Outcomes() map[string]run.Outcome {
	out := map[string]run.Outcome{}
	for address, e := range o.Finished() {
		out[address] = e.Outcome
	}
	return out
}

// Checks gives the check events of a step.
func (o Outcome) Checks(address string) []run.Event {
	var out []run.Event
	for _, e := range o.Events {
		if e.Type == run.CheckEvaluated && e.Step == address {
			out = append(out, e)
		}
	}
	return out
}
