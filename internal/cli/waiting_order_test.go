package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestWaitsInTheOrderOfTheFile: what a paused run waits for is listed as the files have it, in whichever order it was asked.
func TestWaitsInTheOrderOfTheFile(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.file(t, "y.hcl", `
runbook "y" {}
provider "fake" {}
step "fake_ask" "ask" {
  prompt     = "Below?"
  depends_on = [step.look]
}
step "fake_read" "look" { id = "below" }
`)
	file := tt.file(t, "x.hcl", `
runbook "x" {}
provider "fake" {}
step "fake_ask" "first" {
  prompt     = "First?"
  depends_on = [step.look]
}
step "runbook" "second" {
  source     = "./y.hcl"
  depends_on = [step.look]
}
step "fake_ask" "third" {
  for_each = toset(["a", "b"])
  prompt   = each.key
}
step "fake_read" "look" { id = "look" }
step "fake_ask" "last" { prompt = "Last?" }
`)
	want := []string{"first", "second/ask", `third["a"]`, `third["b"]`, "last"}
	inOrder := func(what, text string) {
		t.Helper()
		at := 0
		for _, step := range want {
			next := strings.Index(text[at:], step+" waits for a yes or no")
			if next < 0 {
				t.Fatalf("%s: %s is not where the file has it:\n%s", what, step, text)
			}
			at += next
		}
	}
	tt.does(t, ExitInterrupted, nil, "apply", file, "--auto-approve")
	_, end, _ := strings.Cut(tt.out.String(), "paused: ")
	inOrder("apply", end)

	id := tt.lastRun(t)
	for _, command := range []string{"show", "answer"} {
		looks := tt.again(t, false, "")
		looks.does(t, ExitPassed, nil, command, id)
		_, end, _ := strings.Cut(looks.out.String(), "paused: ")
		if command == "answer" {
			end = looks.out.String()
		}
		inOrder(command, end)
	}
	looks := tt.again(t, false, "")
	looks.does(t, ExitPassed, nil, "answer", id, "--json")
	var waits []struct{ Step string }
	if err := json.Unmarshal([]byte(looks.out.String()), &waits); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range waits {
		got = append(got, w.Step)
	}
	if !slices.Equal(got, want) {
		t.Errorf("answer --json lists %q", got)
	}
	looks = tt.again(t, false, "")
	looks.does(t, ExitPassed, []string{`"waits":["first","second/ask","third[\"a\"]","third[\"b\"]","last"]`, `waits for a person: first, second/ask, third[`}, "show", id, "--json")
}
