package cli

import (
	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/run"
)

// planJSON is what `plan --json` prints. A field is added, never renamed, within one V.
type planJSON struct {
	V int `json:"v"`
	run.Header
	Stages [][]string           `json:"stages"`
	Plan   []engine.PlannedStep `json:"plan"`
	// Notifies are what tells contacts while steps wait for a person.
	Notifies []engine.PlannedNotify `json:"notifies,omitempty"`
}

func newPlanJSON(plan *engine.Plan) planJSON {
	return planJSON{V: run.Version, Header: plan.Header, Stages: plan.Stages, Plan: plan.Steps, Notifies: plan.Notifies}
}
