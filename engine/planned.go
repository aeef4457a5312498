package engine

import (
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// PlannedStep is what is known of a step before it runs.
type PlannedStep struct {
	Name   string `json:"name"`
	Action string `json:"action,omitempty"`
	// Description is the author's.
	Description string `json:"description,omitempty"`
	IsCheck     bool   `json:"-"`
	// Effect is the worst that it may do; Unsure says that it may do less, and that only the run tells.
	Effect provider.Effect `json:"effect"`
	Unsure bool            `json:"unsure,omitempty"`
	// Provider is the configuration's address, "postgres" or "kubernetes.eu"; Target the endpoint, empty when it is
	// known only at run time.
	Provider string `json:"provider,omitempty"`
	Target   string `json:"target,omitempty"`
	// Arguments are what a step that changes something is about to do it with; a read has none here.
	Arguments []PlannedArgument `json:"arguments,omitempty"`
	// WaitsFor are the steps that must have ended.
	WaitsFor []string   `json:"waits_for,omitempty"`
	RunIf    lang.RunIf `json:"run_if"`
	When     string     `json:"when,omitempty"`
	// Checks are the conditions as written: "assert self.count == 0".
	Checks []string `json:"checks,omitempty"`
	// Keys are the for_each keys; Expands is true when they are known only at run time.
	ForEach bool     `json:"for_each,omitempty"`
	Keys    []string `json:"keys,omitempty"`
	Expands bool     `json:"expands_at_run_time,omitempty"`
	// Approval is who must approve it and how, in words; empty: nobody must.
	Approval string `json:"approval,omitempty"`
	// Undo is what takes its effect back; nil: nothing does.
	Undo *PlannedUndo `json:"undo,omitempty"`
	// Runbook is the file that a step "runbook" runs, Steps the steps of that, named "step/step".
	Runbook string        `json:"runbook,omitempty"`
	Steps   []PlannedStep `json:"steps,omitempty"`
	// Supported is false for an action that this version can't run.
	Supported bool `json:"supported"`
	// Notes are things worth a line: "runs_on is ignored on a single machine".
	Notes []string `json:"notes,omitempty"`

	// questions are what people will be asked, by the key of the instance or "", where it is known which answers fit.
	questions map[string]*run.Question
	// machine is the place of its configuration where that is the machine that runs it; empty: it is not, or that is not known.
	machine string
}

// MayDestroy reports whether a step may destroy something, and only the run tells whether it does.
func (s *PlannedStep) MayDestroy() bool { return s.Unsure && s.Effect == provider.Destructive }

// PlannedUndo is what takes a step's effect back.
type PlannedUndo struct {
	Action string `json:"action"`
	// On is "failure" or "end".
	On string `json:"on"`
	// Effect is the worst that it may do; Unsure says that arguments which are not known yet decide whether it does.
	Effect   provider.Effect `json:"effect"`
	Unsure   bool            `json:"unsure,omitempty"`
	Provider string          `json:"provider,omitempty"`
	Target   string          `json:"target,omitempty"`
	// Arguments as they are written where they use the step's result.
	Arguments []PlannedArgument `json:"arguments,omitempty"`
}

// PlannedArgument is an argument as far as it is known: its whole value as the language writes it, "(sensitive)", or the
// expression, with its line ends, where only the run can tell.
type PlannedArgument struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
