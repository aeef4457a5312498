package local

import (
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// TestAnswersOfOlderVersionsCount: the digest of a question about a step without an undo is what it always was, so that an answer of
// before counts; one that showed no undo is not that of a question with one.
func TestAnswersOfOlderVersionsCount(t *testing.T) {
	r := &runner{session: &session{Config: &Config{}}, branch: &branch{state: run.NewState(&run.Plan{})}}
	q := run.Question{
		Kind: run.AskApproval, Prompt: "Run fake_write?", Action: "fake_write", Effect: "write", Target: "fake://",
		Arguments: []run.ArgumentValue{{Name: "id", Value: `"a"`}}, OnTimeout: "fail",
	}
	as := run.Asking{Since: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}
	const before = "40d734ee05200e300dc81fc2b01b755dd41d8391be855c7ee307f24e43cd992a"
	if got := r.digestOf("w", &q, as); got != before {
		t.Errorf("the digest was %s, and is %s", before, got)
	}
	q.Undo = &run.AskedUndo{Action: "fake_write", On: "end", Effect: "write", Written: "one"}
	with := r.digestOf("w", &q, as)
	if with == before {
		t.Error("an undo is no part of what is approved")
	}
	q.Undo.Written = "another"
	if r.digestOf("w", &q, as) != with || q.Undo.Written != "another" {
		t.Error("how an undo is written counts, though it is the same")
	}
}

// TestUnapproved: an undo of which older versions did not show that it was approved runs as long as the files are what they were.
func TestUnapproved(t *testing.T) {
	step := &lang.Step{Name: "w", Approval: &lang.Approval{}, Undo: &lang.Undo{Step: &lang.Step{Name: "w", Action: "fake_write"}}}
	b := &branch{runbook: &lang.Runbook{}}
	written := b.writtenUndo(step)
	for name, c := range map[string]struct {
		approved *approved
		runs     bool
	}{
		"nobody was asked":              {nil, true},
		"by an older version":           {&approved{}, true},
		"and the files are others":      {&approved{changed: true}, false},
		"as it is":                      {&approved{undo: &run.AskedUndo{Written: written}}, true},
		"as it is, other parts changed": {&approved{undo: &run.AskedUndo{Written: written}, changed: true}, true},
		"another":                       {&approved{undo: &run.AskedUndo{Written: "another"}}, false},
	} {
		if err := b.unapproved(&deed{step: step, approved: c.approved}); (err == nil) != c.runs {
			t.Errorf("%s: %v", name, err)
		}
	}
}
