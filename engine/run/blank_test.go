package run

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestShortSecretLeavesAnEventReadable: a secret that is a part of the event's own JSON is blanked in what the event tells, and the
// event can be read as before.
func TestShortSecretLeavesAnEventReadable(t *testing.T) {
	pin, took, until := 48213977.0, 2026.5, time.Date(2026, 3, 4, 5, 6, 7, 202600000, time.UTC)
	e := Event{
		V: 1, Seq: 2026, Time: until, Run: "01JD2026", Type: StepFinished, Step: `step/type["2026-a"]`, Action: "type_step", Until: &until,
		Check: &Check{Kind: KindThreshold, Name: "step", Value: &pin}, Outcome: Pass, DurationMS: &took, Reset: []string{`step["2026"]`},
		Header: &Header{Runbook: "step", Files: []FileRef{{Path: "/true/step.hcl", SHA256: "2026"}}, Effects: map[string]int{"read": 2026}},
		Result: json.RawMessage(`{"step":"in 2026","n":12026,"list":[48213977,true,null,"null"],"x\"2026":"a\"null","at":"2026-11-29T04:43:03.15Z"}`), Error: "step 2026: type",
		Question: &Question{Kind: AskInput, Prompt: "true?", Type: "type", Arguments: []ArgumentValue{{Name: "step", Value: `"2026"`}}},
		Answer:   &Answer{Value: json.RawMessage(`"pass"`), Notes: map[string]string{"item 2026": "true"}}, Counts: map[Outcome]int{Pass: 2026},
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	blank := func(text []byte) []byte {
		for _, secret := range []string{"2026", "step", "type", "true", "null", "pass", `"v":1`, `,"`, "48213977"} {
			text = bytes.ReplaceAll(text, []byte(secret), []byte("(sensitive)"))
		}
		return text
	}
	var got Event
	if err := json.Unmarshal(BlankEvent(text, blank), &got); err != nil {
		t.Fatal(err)
	}
	want := e
	want.Step, want.Reset, want.Error = `step/type["2026-a"]`, []string{`step["2026"]`}, "(sensitive) (sensitive): (sensitive)"
	want.Check = &Check{Kind: KindThreshold, Name: "step"}
	want.Result = json.RawMessage(`{"(sensitive)":"in (sensitive)","at":"2026-11-29T04:43:03.15Z","list":["(sensitive)",true,null,"(sensitive)"],"n":"1(sensitive)","x\"(sensitive)":"a\"(sensitive)"}`)
	want.Question = &Question{Kind: AskInput, Prompt: "(sensitive)?", Type: "type", Arguments: []ArgumentValue{{Name: "step", Value: `"(sensitive)"`}}}
	want.Answer = &Answer{Value: json.RawMessage(`"(sensitive)"`), Notes: map[string]string{"item (sensitive)": "(sensitive)"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("blanked otherwise (-want +got):\n%s", diff)
	}
	if e.Error != "step 2026: type" || e.Question.Prompt != "true?" {
		t.Error("the event itself was changed")
	}
}

// TestNothingToBlank: what holds no secret is given back as it is.
func TestNothingToBlank(t *testing.T) {
	same := func(text []byte) []byte { return text }
	text := []byte(`{"v":1, "unknown": 2}`)
	if got := BlankEvent(text, same); string(got) != string(text) {
		t.Errorf("got %s", got)
	}
	if got := BlankJSON(text, same); string(got) != string(text) {
		t.Errorf("got %s", got)
	}
	upper := func(text []byte) []byte { return bytes.ToUpper(text) }
	if got := BlankEvent([]byte("no event"), upper); string(got) != "NO EVENT" {
		t.Errorf("got %s", got)
	}
	if got := BlankJSON([]byte(`{"a":["b<",1.50]}`), upper); string(got) != `{"A":["B<",1.50]}` {
		t.Errorf("got %s", got)
	}
	if got := string(BlankJSON([]byte(`{"a":1e5}`), upper)); got != `{"A":"1E5"}` {
		t.Errorf("got %s", got)
	}
}
