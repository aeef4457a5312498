package view

import (
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// TestWaitingWhenAllWereCalled: nobody else is announced where every level was called.
func TestWaitingWhenAllWereCalled(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ended := now.Add(-time.Minute)
	q := &run.Question{Kind: run.AskConfirm, OnTimeout: "escalate", Levels: []run.Level{{Number: 1, Contact: "Ann"}, {Number: 2, Contact: "Bob"}}}
	for told, calls := range map[int]bool{0: true, 1: true, 2: false} {
		text := Waiting(Wait{For: run.ForAnswer, Question: q, Deadline: &ended, Told: told}, now, Config{})
		if strings.Contains(text, "the contacts of the escalation are called") != calls || !strings.Contains(text, "its time ended at") {
			t.Errorf("%d told: %s", told, text)
		}
	}
}
