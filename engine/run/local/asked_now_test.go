package local

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/lang"
)

// TestSaysTheSame: a question in which an earlier session blanked secrets is the same question in one that knows others of them; one that says
// something else beside them is not.
func TestSaysTheSame(t *testing.T) {
	const before = `{"prompt":"Drop (sensitive) on (sensitive)?","default":"(sensitive)"}`
	for after, want := range map[string]bool{
		`{"prompt":"Drop one on two?","default":true}`:          true,
		`{"prompt":"Drop known on known?","default":"x"}`:       true,
		`{"prompt":"Drop known on two?","default":"known"}`:     true,
		`{"prompt":"Keep one on two?","default":true}`:          false,
		`{"prompt":"Drop one of two?","default":true}`:          false,
		`{"prompt":"Drop one on two?","default":true,"more":1}`: false,
		`{"prompt":"Drop one on two","default":true}`:           false,
		`{"prompt":"Drop known and it on two?","default":true}`: false,
		`{"prompt":"Drop one on two or known?","default":true}`: false,
	} {
		var was, is any
		if err := json.Unmarshal([]byte(before), &was); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(after), &is); err != nil {
			t.Fatal(err)
		}
		shown := func(text string) string { return strings.ReplaceAll(text, "known", lang.Blank) }
		if got := saysTheSame(was, is, shown); got != want {
			t.Errorf("%s: %v", after, got)
		}
	}
}
