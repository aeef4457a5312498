package form

import (
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

// TestInFull: where a choice can't be taken back, no beginning, number or arrow stands for it, and it is said what to write.
func TestInFull(t *testing.T) {
	q := run.Question{Kind: run.AskInput, Prompt: "Did it?\ndone: it did; redo: send it again", Choices: []string{"done", "redo", "abort"}}
	refused := func(text string) string {
		return `"` + text + `" is none of these words: write done, redo or abort in full`
	}
	tests := map[string]struct {
		plain bool
		steps []step
		value string
		note  string
	}{
		"the word":             {steps: []step{{"done, redo or abort:", "redo" + enter}}, value: `"redo"`},
		"capitals, and a note": {steps: []step{{"done, redo or abort:", "Redo\tlooked" + enter}}, value: `"redo"`, note: "looked"},
		"a beginning":          {steps: []step{{"done, redo or abort:", "r" + enter}, {refused("r"), "done" + enter}}, value: `"done"`},
		"a number":             {steps: []step{{"done, redo or abort:", "2" + enter}, {refused("2"), "abort" + enter}}, value: `"abort"`},
		"arrows":               {steps: []step{{"done, redo or abort:", down + down + enter}, {"write done, redo or abort in full", "done" + enter}}, value: `"done"`},
		"line: the word":       {plain: true, steps: []step{{"done, redo or abort: ", "REDO\n"}, {"note", "looked\n"}}, value: `"redo"`, note: "looked"},
		"line: a beginning":    {plain: true, steps: []step{{"done, redo or abort: ", "r\n"}, {refused("r"), "redo\n"}, {"note", "\n"}}, value: `"redo"`},
		"line: a number":       {plain: true, steps: []step{{"done, redo or abort: ", "2\n"}, {refused("2"), "done\n"}, {"note", "\n"}}, value: `"done"`},
		"line: nothing":        {plain: true, steps: []step{{"done, redo or abort: ", "\n"}, {"write done, redo or abort in full", "done\n"}, {"note", "\n"}}, value: `"done"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, tt.plain, 100)
			ended := s.asks(t.Context(), Request{Step: "pay", For: run.ForAnswer, Question: &q, InFull: true})
			for _, st := range tt.steps {
				s.Sees(t, st.sees)
				s.Types(t, st.types)
			}
			checkAnswer(t, wait(t, s, ended), tt.value, tt.note, nil, nil)
		})
	}
}
