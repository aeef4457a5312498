package form

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/ptytest"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// seat is a person at a pseudo-terminal.
type seat struct {
	*Terminal
	*ptytest.Screen
	tty *os.File
}

func newSeat(t *testing.T, plain bool, width int) *seat {
	t.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: uint16(width)}); err != nil {
		t.Fatal(err)
	}
	s := &seat{Screen: ptytest.Sit(keys), tty: tty}
	s.Terminal = &Terminal{
		In: tty, Out: tty, Plain: plain, Environ: []string{"TERM=xterm-256color", "SSH_TTY=/dev/pts/0"},
		Look: view.Config{Glyphs: term.ASCII(), Zone: time.UTC}, Size: func() (int, int) { return width, 24 }, Now: time.Now,
	}
	t.Cleanup(func() {
		tty.Close()  //nolint:errcheck // the test is over
		keys.Close() //nolint:errcheck // the test is over
		<-s.Over()
	})
	return s
}

type result struct {
	answer *run.Answer
	err    error
}

func (s *seat) asks(ctx context.Context, r Request) <-chan result {
	out := make(chan result, 1)
	go func() {
		a, err := s.Ask(ctx, r)
		out <- result{a, err}
	}()
	return out
}

func wait(t *testing.T, s *seat, c <-chan result) result {
	t.Helper()
	select {
	case r := <-c:
		return r
	case <-time.After(time.Minute):
		t.Fatalf("the question never ended:\n%s", s.Text())
	}
	return result{}
}

const (
	up    = "\x1b[A"
	down  = "\x1b[B"
	left  = "\x1b[D"
	enter = "\r"
)

var (
	approval = run.Question{
		Kind: run.AskApproval, Prompt: "Scale the API up?", Action: "kubernetes_scale", Effect: "write", Target: "https://k8s.example.com:6443 (context eu)",
		Arguments: []run.ArgumentValue{{Name: "replicas", Value: "5"}}, Changes: []run.Change{{Path: "spec.replicas", Before: "3", After: "5"}},
	}
	confirm  = run.Question{Kind: run.AskConfirm, Prompt: "Is it calm?"}
	list     = run.Question{Kind: run.AskChecklist, Prompt: "Before the release", Items: []string{"tell support", "freeze", "call the bank"}}
	required = run.Question{Kind: run.AskChecklist, Items: list.Items, AllRequired: true}
	text     = run.Question{Kind: run.AskInput, Prompt: "Which version?", Pattern: "v[0-9.]+"}
	secret   = run.Question{Kind: run.AskInput, Prompt: "The password?", Pattern: ".{8,}", Sensitive: true}
	number   = run.Question{Kind: run.AskInput, Prompt: "How many?", Type: "number", Default: json.RawMessage("3")}
	open     = run.Question{Kind: run.AskInput, Prompt: "Did it?", Choices: []string{"done", "redo", "abort", "reuse"}}
	eleven   = run.Question{Kind: run.AskInput, Choices: []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}}
	choice   = run.Question{Kind: run.AskInput, Prompt: "Which?", Choices: []string{"blue", "green", "red"}, Default: json.RawMessage(`"green"`)}
)

// step is something that is seen, and what is typed then.
type step struct{ sees, types string }

func TestForm(t *testing.T) {
	tests := map[string]struct {
		q     run.Question
		steps []step
		value string
		note  string
		notes map[string]string
		err   error
	}{
		"approve":            {q: approval, steps: []step{{"yes or no:", "yes" + enter}}, value: "true"},
		"deny with a note":   {q: approval, steps: []step{{"yes or no:", "no\ttoo late" + enter}}, value: "false", note: "too late"},
		"only yes approves":  {q: approval, steps: []step{{"yes or no:", "yyes" + enter}, {"nothing else counts", "yes" + enter}}, value: "true"},
		"confirm":            {q: confirm, steps: []step{{"yes or no:", "y" + enter}}, value: "true"},
		"editing":            {q: text, steps: []step{{"answer:", "x9.1" + left + left + left + "\x7f\x01v\x05" + ".0" + enter}}, value: `"v9.1.0"`},
		"pattern":            {q: text, steps: []step{{"answer:", "9" + enter}, {"does not match the pattern", "\x15v9" + enter}}, value: `"v9"`},
		"hidden":             {q: secret, steps: []step{{"answer:", "short"}, {"(typed)", enter}, {"the answer does not match", "hunter2 \x1b[200~pasted\x1b[201~" + enter}}, value: `"hunter2 pasted"`},
		"paste":              {q: text, steps: []step{{"answer:", "\x1b[200~v1.2\x1b[201~" + enter}}, value: `"v1.2"`},
		"default":            {q: number, steps: []step{{"answer:", enter}}, value: "3"},
		"no number":          {q: number, steps: []step{{"answer:", "five" + enter}, {"is not a number", "\x155" + enter}}, value: "5"},
		"default choice":     {q: choice, steps: []step{{"> 2. green", enter}}, value: `"green"`},
		"arrows":             {q: choice, steps: []step{{"> 2. green", up + enter}}, value: `"blue"`},
		"digits":             {q: choice, steps: []step{{"> 2. green", "3" + enter}}, value: `"red"`},
		"letters":            {q: choice, steps: []step{{"> 2. green", "bl" + enter}}, value: `"blue"`},
		"letters taken back": {q: choice, steps: []step{{"> 2. green", "bl\x7f\x7f" + enter}}, value: `"green"`},
		"the word":           {q: open, steps: []step{{"answer:", "redo" + enter}}, value: `"redo"`},
		"capitals":           {q: open, steps: []step{{"answer:", "AB" + enter}}, value: `"abort"`},
		"nothing chosen":     {q: open, steps: []step{{"answer:", enter}, {"nothing is chosen yet", "d" + enter}}, value: `"done"`},
		"no such word":       {q: open, steps: []step{{"answer:", "maybe" + enter}, {`"maybe" is none of these`, "\x15a" + enter}}, value: `"abort"`},
		"too long":           {q: open, steps: []step{{"answer:", "redone" + enter}, {`"redone" is none of these`, "\x15redo" + enter}}, value: `"redo"`},
		"two begin so":       {q: open, steps: []step{{"answer:", "re" + enter}, {`"re" begins 2 of these`, "u" + enter}}, value: `"reuse"`},
		"down from nothing":  {q: open, steps: []step{{"answer:", down + down + enter}}, value: `"redo"`},
		"letters pasted":     {q: open, steps: []step{{"answer:", "\x1b[200~redo\x1b[201~" + enter}}, value: `"redo"`},
		"two digits":         {q: eleven, steps: []step{{"answer:", "11" + enter}}, value: `"k"`},
		"choice and a note":  {q: open, steps: []step{{"answer:", "redo\tlooked" + enter}}, value: `"redo"`, note: "looked"},
		"checklist":          {q: list, steps: []step{{"0 of 3 done", " " + down + "j "}, {"2", enter}}, value: `["tell support","call the bank"]`},
		"none":               {q: list, steps: []step{{"0 of 3 done", enter}}, value: `[]`},
		"item note": {
			q: list, steps: []step{{"0 of 3 done", down + "n"}, {"note on freeze", "by Kim" + enter + "a\tdone" + enter}},
			value: `["tell support","freeze","call the bank"]`, note: "done", notes: map[string]string{"freeze": "by Kim"},
		},
		"all required":    {q: required, steps: []step{{"all are required", " " + enter}, {"the step fails like that", down + " " + down + " " + enter}}, value: `["tell support","freeze","call the bank"]`},
		"fails knowingly": {q: required, steps: []step{{"all are required", enter}, {"the step fails like that", enter}}, value: `[]`},
		"interrupt":       {q: approval, steps: []step{{"yes or no:", "ye\x03"}}, err: ErrInterrupted},
		"left open":       {q: list, steps: []step{{"0 of 3 done", "\x04"}}, err: ErrLeft},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, false, 80)
			ended := s.asks(t.Context(), Request{Step: "step", For: run.ForAnswer, Question: &tt.q})
			for _, st := range tt.steps {
				s.Sees(t, st.sees)
				s.Types(t, st.types)
			}
			got := wait(t, s, ended)
			checkAnswer(t, got, tt.value, tt.note, tt.notes, tt.err)
			s.hides(t)
		})
	}
}

// hides: what nobody may see was not shown, nor a part of it.
func (s *seat) hides(t *testing.T) {
	t.Helper()
	for _, part := range []string{"short", "hunter2", "pasted"} {
		if strings.Contains(s.Text(), part) {
			t.Errorf("%q was shown:\n%s", part, s.Text())
		}
	}
}

func checkAnswer(t *testing.T, got result, value, note string, notes map[string]string, wantErr error) {
	t.Helper()
	if !errors.Is(got.err, wantErr) || wantErr == nil && got.err != nil {
		t.Fatalf("error %v, want %v", got.err, wantErr)
	}
	if wantErr != nil {
		return
	}
	want := &run.Answer{Value: json.RawMessage(value), Note: note, Notes: notes}
	if diff := cmp.Diff(want, got.answer); diff != "" {
		t.Error(diff)
	}
}

func TestLines(t *testing.T) {
	tests := map[string]struct {
		q     run.Question
		steps []step
		value string
		note  string
		notes map[string]string
		err   error
	}{
		"approve": {q: approval, steps: []step{{`"no" denies:`, "y\n"}, {"nothing else counts", "yes\n"}, {"note", "fine\n"}}, value: "true", note: "fine"},
		"confirm": {q: confirm, steps: []step{{"yes or no:", "n\n"}, {"note", "\n"}}, value: "false"},
		"default": {q: number, steps: []step{{"return for 3", "\n"}, {"note", "\n"}}, value: "3"},
		"choice":  {q: choice, steps: []step{{"by number or first letters", "4\n"}, {"none of these", "3\n"}, {"note", "\n"}}, value: `"red"`},
		"letters": {q: open, steps: []step{{"first letters:", "re\n"}, {"begins 2 of these", "RED\n"}, {"note", "\n"}}, value: `"redo"`},
		"word":    {q: choice, steps: []step{{"first letters (return for", "b\n"}, {"note", "\n"}}, value: `"blue"`},
		"return":  {q: choice, steps: []step{{"first letters (return for", "\n"}, {"note", "\n"}}, value: `"green"`},
		"checklist": {
			q:     required,
			steps: []step{{"done:", "1,2\n"}, {"2 [x]", "n 2 by Kim\n"}, {"- by Kim", "\n"}, {"return once more", "all\n"}, {"3 [x]", "\n"}, {"note (", "\n"}},
			value: `["tell support","freeze","call the bank"]`, notes: map[string]string{"freeze": "by Kim"},
		},
		"hidden":        {q: secret, steps: []step{{"not shown: ", "short\n"}, {"the answer does not match", "hunter2 pasted\n"}, {"note", "seen\n"}, {"seen", ""}}, value: `"hunter2 pasted"`, note: "seen"},
		"end of input":  {q: approval, steps: []step{{`"no" denies:`, "\x04"}}, err: ErrLeft},
		"left half way": {q: approval, steps: []step{{`"no" denies:`, "yes\x04\x04"}}, err: ErrLeft},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, true, 40)
			ended := s.asks(t.Context(), Request{Step: "step", For: run.ForAnswer, Question: &tt.q})
			for _, st := range tt.steps {
				s.Sees(t, st.sees)
				s.Types(t, st.types)
			}
			got := wait(t, s, ended)
			checkAnswer(t, got, tt.value, tt.note, tt.notes, tt.err)
			s.hides(t)
		})
	}
}

// TestTakenDown: a question that was answered elsewhere goes, the terminal is as it was, and what others said stands there.
func TestTakenDown(t *testing.T) {
	for name, prompt := range map[string]string{"form": "yes or no:", "lines": `"no" denies:`} {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, name == "lines", 60)
			ctx, cancel := context.WithCancel(t.Context())
			ended := s.asks(ctx, Request{Step: "scale", For: run.ForApproval, Question: &approval})
			s.Sees(t, "spec.replicas: 3 -> 5")
			s.Sees(t, prompt)
			if _, err := s.Aside().Write([]byte(" + nodes   3 ready\n")); err != nil {
				t.Fatal(err)
			}
			s.Types(t, "ye")
			s.Sees(t, "ye")
			cancel()
			if got := wait(t, s, ended); !errors.Is(got.err, context.Canceled) {
				t.Fatalf("answer %v, error %v", got.answer, got.err)
			}
			s.Sees(t, " + nodes   3 ready")
			// What is typed now is a line for whoever reads next: the terminal is not raw any more. Keys that nobody had read
			// when it stopped being raw are a line of their own to the kernel, so one read may give them alone.
			s.Types(t, "next\n")
			line, err := bufio.NewReader(s.tty).ReadString('\n')
			if got := strings.TrimPrefix(line, "ye"); err != nil || got != "next\n" {
				t.Errorf("read %q, %v", line, err)
			}
		})
	}
}

func TestTimeIsOver(t *testing.T) {
	for name, plain := range map[string]bool{"form": false, "lines": true} {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, plain, 60)
			letGo := s.stands()
			q := approval
			q.Levels = []run.Level{{Number: 1, Contact: "Jo Doe", AfterMS: 3_600_000}}
			ended := s.asks(t.Context(), Request{Step: "scale", For: run.ForApproval, Question: &q, Since: s.Now(), Deadline: s.Now().Add(1500 * time.Millisecond)})
			s.Sees(t, "then it fails")
			s.Sees(t, "level 1: Jo Doe")
			letGo()
			if got := wait(t, s, ended); !errors.Is(got.err, ErrOver) {
				t.Errorf("answer %v, error %v", got.answer, got.err)
			}
		})
	}
}

// TestNextLevel names who is called next, and not again who has been.
func TestNextLevel(t *testing.T) {
	for name, plain := range map[string]bool{"form": false, "lines": true} {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, plain, 100)
			q := confirm
			q.Levels = []run.Level{
				{Number: 1, Contact: "Jo Doe", AfterMS: 60_000, Notify: "http_request"}, {Number: 2, Contact: "Ann Roe", AfterMS: 3_600_000, Notify: "http_request"},
			}
			ended := s.asks(t.Context(), Request{Step: "calm", For: run.ForAnswer, Question: &q, Since: time.Now().Add(-2 * time.Minute)})
			s.Sees(t, "while nobody answers, level 2: Ann Roe, at ")
			s.Sees(t, "yes or no:")
			s.Types(t, "\x04")
			if got := wait(t, s, ended); !errors.Is(got.err, ErrLeft) || strings.Contains(s.Text(), "Jo Doe") {
				t.Errorf("error %v\n%s", got.err, s.Text())
			}
		})
	}
}

// TestNarrow: nothing is wider than the terminal, and a long list scrolls.
func TestNarrow(t *testing.T) {
	s := newSeat(t, false, 24)
	q := run.Question{Kind: run.AskChecklist, Prompt: strings.Repeat("word ", 20)}
	for range 60 {
		q.Items = append(q.Items, strings.Repeat("long ", 10))
	}
	m := newModel(s.Terminal, Request{Step: "step", Question: &q})
	for range 30 {
		m.listKey("down")
	}
	lines := strings.Split(m.View().Content, "\n")
	if len(lines) > 23 {
		t.Errorf("%d lines on 24 rows", len(lines))
	}
	for _, line := range lines {
		if term.Width(line) > 24 {
			t.Errorf("%d columns: %s", term.Width(line), line)
		}
	}
	if !strings.Contains(m.View().Content, "more above") || !strings.Contains(m.View().Content, "more below") {
		t.Error(m.View().Content)
	}
}

// TestArrowsGoToWhatWasBegun: of several choices that begin with what was written, an arrow takes the first, not the first of all.
func TestArrowsGoToWhatWasBegun(t *testing.T) {
	s := newSeat(t, false, 80)
	m := newModel(s.Terminal, Request{Step: "step", Question: &open})
	m.choiceKey(tea.KeyPressMsg{Code: 'r', Text: "re"})
	m.choiceKey(tea.KeyPressMsg{Code: tea.KeyDown})
	if shown := m.View().Content; !strings.Contains(shown, "> 2. redo") {
		t.Errorf("another is chosen:\n%s", shown)
	}
	m.choiceKey(tea.KeyPressMsg{Code: tea.KeyDown})
	m.choiceKey(tea.KeyPressMsg{Code: tea.KeyDown})
	if shown := m.View().Content; !strings.Contains(shown, "> 4. reuse") {
		t.Errorf("another is chosen:\n%s", shown)
	}
}

// TestChoiceStays: what is chosen is marked while the note is written.
func TestChoiceStays(t *testing.T) {
	s := newSeat(t, false, 80)
	m := newModel(s.Terminal, Request{Step: "step", Question: &open})
	if shown := m.View().Content; strings.Contains(shown, ">") {
		t.Errorf("something is chosen:\n%s", shown)
	}
	m.choiceKey(tea.KeyPressMsg{Code: 'r', Text: "redo"})
	m.focus = fieldNote
	if shown := m.View().Content; !strings.Contains(shown, "> 2. redo") || !strings.Contains(shown, "answer: redo") {
		t.Errorf("the choice is not marked:\n%s", shown)
	}
}
