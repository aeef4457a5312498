package form

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// TestLeave: Ctrl-D leaves a form open whatever was typed, in whichever field.
func TestLeave(t *testing.T) {
	for name, keys := range map[string]string{"nothing": "", "text": "yes", "a note": "\tnoted"} {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, false, 80)
			ended := s.asks(t.Context(), Request{Step: "step", For: run.ForAnswer, Question: &confirm})
			s.Sees(t, "yes or no:")
			s.Types(t, keys+"\x04")
			if got := wait(t, s, ended); !errors.Is(got.err, ErrLeft) {
				t.Errorf("answer %v, error %v", got.answer, got.err)
			}
		})
	}
}

// TestRefusedChoiceGoes: what none of the choices begins with is told, and the field is empty for another.
func TestRefusedChoiceGoes(t *testing.T) {
	s := newSeat(t, false, 80)
	ended := s.asks(t.Context(), Request{Step: "step", For: run.ForAnswer, Question: &open})
	s.Sees(t, "answer:")
	s.Types(t, "x"+enter)
	s.Sees(t, `"x" is none of these`)
	s.Types(t, "redo"+enter)
	checkAnswer(t, wait(t, s, ended), `"redo"`, "", nil, nil)
}

// TestNothingIsCut: items, choices and what an approval is about stand there to the end, however narrow the terminal is.
func TestNothingIsCut(t *testing.T) {
	long := "restart the three workers of the queue, then wait until " + strings.Repeat("x", 40) + " is empty, the END"
	bound := run.Question{Kind: run.AskApproval, Prompt: "Run it?", Action: "local_command", Arguments: []run.ArgumentValue{{Name: "command", Value: long}}}
	for name, q := range map[string]run.Question{
		"checklist": {Kind: run.AskChecklist, Items: []string{long, "second"}},
		"choices":   {Kind: run.AskInput, Choices: []string{long, "second"}},
		"approval":  bound,
	} {
		s := newSeat(t, false, 32)
		shown := newModel(s.Terminal, Request{Step: "step", Question: &q}).View().Content
		var all strings.Builder
		for line := range strings.SplitSeq(shown, "\n") {
			if term.Width(line) > 31 {
				t.Errorf("%s: %d columns: %s", name, term.Width(line), line)
			}
			all.WriteString(strings.TrimSpace(line))
		}
		for _, part := range []string{"workers of", strings.Repeat("x", 40), "the END"} {
			if !strings.Contains(strings.ReplaceAll(all.String(), " ", ""), strings.ReplaceAll(part, " ", "")) {
				t.Errorf("%s: %q is missing:\n%s", name, part, shown)
			}
		}
	}
}

// TestNobodyIsToldWhileNoProcessRuns: a form about a paused run promises no level on time, and nothing that follows by itself.
func TestNobodyIsToldWhileNoProcessRuns(t *testing.T) {
	now := time.Now()
	q := confirm
	q.OnTimeout, q.Levels = "fail", []run.Level{{Number: 1, Contact: "Jo Doe"}, {Number: 2, Contact: "Ann Roe", AfterMS: 3_600_000}}
	r := Request{Step: "calm", For: run.ForAnswer, Question: &q, Since: now, Deadline: now.Add(2 * time.Hour), Told: 1, Resting: true}
	for name, plain := range map[string]bool{"form": false, "lines": true} {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, plain, 200)
			ended := s.asks(t.Context(), r)
			s.Sees(t, "after that, when the run goes on, it fails")
			s.Sees(t, "level 2: Ann Roe, due at ")
			s.Sees(t, "told once the run goes on, as no process runs it now")
			s.Types(t, "\x04")
			if got := wait(t, s, ended); !errors.Is(got.err, ErrLeft) || strings.Contains(s.Text(), "Jo Doe") {
				t.Errorf("error %v\n%s", got.err, s.Text())
			}
		})
	}
}
