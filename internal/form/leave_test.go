package form

import (
	"errors"
	"fmt"
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

// TestNothingIsCut: items and choices stand there to the end, however narrow the terminal is.
func TestNothingIsCut(t *testing.T) {
	long := "restart the three workers of the queue, then wait until " + strings.Repeat("x", 40) + " is empty, the END"
	for name, q := range map[string]run.Question{
		"checklist": {Kind: run.AskChecklist, Items: []string{long, "second"}},
		"choices":   {Kind: run.AskInput, Choices: []string{long, "second"}},
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

// TestTallQuestion: what an approval is about stands there from its first line to its last, on a terminal with less rows than it has, and
// is narrower than that. The form below it is small.
func TestTallQuestion(t *testing.T) {
	for name, plain := range map[string]bool{"form": false, "lines": true} {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, plain, 40)
			q := run.Question{Kind: run.AskApproval, Prompt: "Run it?", Action: "local_command", Effect: "write", Target: "FIRST"}
			for i := range 60 {
				q.Arguments = append(q.Arguments, run.ArgumentValue{Name: fmt.Sprintf("argument_%d", i), Value: strings.Repeat("x", 60) + "END"})
			}
			ended := s.asks(t.Context(), Request{Step: "step", For: run.ForApproval, Question: &q})
			s.Sees(t, "on FIRST")
			s.Sees(t, "argument_0 =")
			s.Sees(t, "argument_59 =")
			s.Sees(t, "no")
			s.Types(t, "\x04")
			if got := wait(t, s, ended); !errors.Is(got.err, ErrLeft) {
				t.Errorf("error %v", got.err)
			}
			for line := range strings.SplitSeq(s.Text(), "\n") {
				if line = strings.TrimRight(line, "\r"); strings.Contains(line, "xxx") && term.Width(line) > 40 {
					t.Errorf("%d columns: %s", term.Width(line), line)
				}
			}
			if n := strings.Count(strings.Join(strings.Fields(s.Text()), ""), "END"); n != len(q.Arguments) {
				t.Errorf("%d of %d arguments to the end", n, len(q.Arguments))
			}
			if rows := len(strings.Split(newModel(s.Terminal, Request{Step: "step", Question: &q}).View().Content, "\n")); rows > 8 {
				t.Errorf("the form has %d rows", rows)
			}
		})
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
