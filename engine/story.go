package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// story is what the events of a run tell about it as a whole.
type story struct {
	entries []journal.Entry
	header  run.Header
	started time.Time
	// sealed are the inputs that the events leave out.
	sealed []byte
	// targets are the systems that the last session that carried steps out named, places what its steps' own arguments did.
	targets, places []run.Target
	runID           string
}

func readStory(ctx context.Context, j journal.Journal, runID string, unseal func([]byte) ([]byte, error)) (*story, error) {
	s := &story{}
	for entry, err := range j.Events(ctx, runID) {
		if err != nil {
			return nil, err
		}
		if e := entry.Event; e.Header != nil && e.BeginsSteps() {
			s.targets, s.places = local.RecallTargets(unseal, e, entry.Sealed)
		}
		switch e := entry.Event; {
		case e.Type == run.RunStarted && e.Header != nil:
			s.header, s.started, s.sealed, s.runID = *e.Header, e.Time, entry.Sealed, e.Run
		case e.Type == run.RunResumed && e.Header != nil:
			s.header.Files = e.Files
			s.approvedSince(e)
		}
		s.entries = append(s.entries, entry)
	}
	if s.runID == "" {
		return nil, errors.New("its beginning is missing in the history")
	}
	return s, nil
}

// approvedSince takes in what a later session was approved for: its question told what is worse, or all of what had changed.
func (s *story) approvedSince(e *run.Event) {
	if s.header.Inputs == nil || e.Inputs == nil || !e.BeginsSteps() {
		return
	}
	inputs := *s.header.Inputs
	inputs.Approved, s.header.Inputs = e.Inputs.Approved, &inputs
}

// upToDate is the story as it stands now. It was read before the lock was taken: most often nothing was added in between,
// and a long story is not read twice.
func (s *story) upToDate(ctx context.Context, j journal.Journal, unseal func([]byte) ([]byte, error)) (*story, error) {
	last := s.entries[len(s.entries)-1].Event.Seq
	for _, err := range journal.EventsAfter(ctx, j, s.runID, last) {
		if err != nil {
			return nil, err
		}
		return readStory(ctx, j, s.runID, unseal)
	}
	return s, nil
}

// planOptions are those with which the run began.
func (s *story) planOptions(rb *Runbook, opts RecallOptions) (PlanOptions, error) {
	var sealed map[string]json.RawMessage
	if s.sealed != nil && opts.Unseal != nil {
		plain, err := opts.Unseal(s.sealed)
		if err == nil {
			err = json.Unmarshal(plain, &sealed)
		}
		if err != nil {
			return PlanOptions{}, fmt.Errorf("nothing was run: its sensitive variables can't be read (%w); "+
				"put the key with which the run began back, the key file or RUNBOOK_KEY", err)
		}
	}
	variables, err := recalledVariables(rb.Runbook, s.header.Inputs, sealed, opts.Idle)
	if err != nil {
		return PlanOptions{}, err
	}
	out := PlanOptions{
		Past: &PastRun{RunID: s.runID, StartedAt: s.started, Variables: variables}, ReadOnly: s.header.ReadOnly, Apply: !opts.Idle && opts.Undo == nil,
		Undo: opts.Undo != nil, Secrets: opts.Secrets,
	}
	if opts.Undo == nil { // keys with which something was done are called again to undo it
		out.Redact = opts.Redact
	}
	if in := s.header.Inputs; in != nil {
		out.Targets, out.MaxParallel, out.Timeout = in.Targets, in.MaxParallel, time.Duration(in.TimeoutMS*float64(time.Millisecond))
	}
	if opts.Timeout > 0 {
		out.Timeout = opts.Timeout
	}
	return out, nil
}

// runOptions are those of a session; what the person who began the run decided for it stays.
func (s *story) runOptions(opts RecallOptions) RunOptions {
	out := opts.RunOptions
	if in := s.header.Inputs; in != nil {
		out.FailOnWarn = out.FailOnWarn || in.FailOnWarn
		out.AutoApprove = out.AutoApprove || in.AutoApprove
	}
	return out
}
