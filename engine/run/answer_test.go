package run

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseAnswer(t *testing.T) {
	approval, confirm := Question{Kind: AskApproval}, Question{Kind: AskConfirm}
	list := Question{Kind: AskChecklist, Items: []string{"call the bank", "a, then b", "3", "last"}}
	numbers := Question{Kind: AskChecklist, Items: []string{"backup taken", "page silenced", "a, with comma", "1"}}
	words := Question{Kind: AskChecklist, Items: []string{"none", "All", "last"}}
	text := Question{Kind: AskInput}
	withDefault := Question{Kind: AskInput, Type: "number", Default: json.RawMessage("5")}
	number, yesNo := Question{Kind: AskInput, Type: "number"}, Question{Kind: AskInput, Type: "bool"}
	choice := Question{Kind: AskInput, Choices: []string{"blue", "green"}}
	sizes := Question{Kind: AskInput, Type: "number", Choices: []string{"1", "2.5"}}
	pattern := Question{Kind: AskInput, Pattern: "[a-z]+|"}
	tests := []struct {
		q          Question
		text, want string
		err        string
	}{
		{approval, "yes", "true", ""},
		{approval, " no ", "false", ""},
		{approval, "y", "", `write "yes"`},
		{approval, "YES", "", `write "yes"`},
		{approval, "", "", `write "yes"`},
		{confirm, "Y", "true", ""},
		{confirm, "no", "false", ""},
		{confirm, "maybe", "", "yes or no"},
		{list, "all", `["call the bank","a, then b","3","last"]`, ""},
		{list, "none", "[]", ""},
		{list, "4, 1", `["call the bank","last"]`, ""},
		{list, "a, then b,last", `["a, then b","last"]`, ""},
		{list, "3", `["3"]`, ""},
		{list, "5", "", `no item "5"`},
		{list, "", "", "no item"},
		{list, "a,", "", `no item "a"`},
		{text, "v1.2", `"v1.2"`, ""},
		{text, "", "", "write a value"},
		{withDefault, "", "5", ""},
		{withDefault, "6", "6", ""},
		{number, "1e3", "1e3", ""},
		{number, "12345678901234567890", "12345678901234567890", ""},
		{number, "0x10", "", "not a number"},
		{number, `"5"`, "", "not a number"},
		{number, "NaN", "", "not a number"},
		{number, "1e400", "", "too large"},
		{number, "-1e99999999", "", "too large"},
		{number, "1e-400", "", "too small"},
		{number, "0e5", "0e5", ""},
		{number, "1e300", "1e300", ""},
		{yesNo, "y", "true", ""},
		{yesNo, "5", "", "not true or false"},
		{choice, "green", `"green"`, ""},
		{choice, "red", "", "not one of blue, green"},
		{sizes, "2.50", "2.50", ""},
		{sizes, "3", "", "not one of"},
		{pattern, "abc", `"abc"`, ""},
		{pattern, "", `""`, ""},
		{Question{Kind: AskInput, Type: "string", Pattern: "[a-z]*"}, "", `""`, ""},
		{Question{Kind: AskInput, Type: "number", Pattern: "[0-9]*"}, "", "", "write a value"},
		{Question{Kind: AskInput, Type: "bool", Pattern: ".*"}, "", "", "write a value"},
		{pattern, "ab1", "", "does not match the pattern"},
		{Question{Kind: "dance"}, "yes", "", "not known"},
		{numbers, "1,2", "", `"1" means two items: number 1, "backup taken", and the text of number 4`},
		{words, "all", "", `"all" means two things: all of the items, and item 2, "All"`},
		{words, "none", "", `"none" means two things: none of the items, and item 1, "none"`},
		{words, "1", `["none"]`, ""},
		{words, "All", `["All"]`, ""},
		{numbers, "4,2", `["page silenced","1"]`, ""},
		{numbers, "backup taken,a, with comma", `["backup taken","a, with comma"]`, ""},
	}
	for _, q := range []Question{number, yesNo, {Kind: AskInput, Pattern: "[a-z]+"}} {
		q.Sensitive = true
		if value, err := q.Parse("hunter-2"); err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("sensitive %+v: %s, %v", q, value, err)
		}
		if err := q.Check([]byte(`["hunter-2"]`)); err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("sensitive %+v: %v", q, err)
		}
		if value, err := q.Beforehand("a"); err == nil {
			t.Errorf("sensitive %+v is taken beforehand: %s", q, value)
		}
	}
	for _, tt := range tests {
		got, err := tt.q.Parse(tt.text)
		if string(got) != tt.want || err == nil != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: Parse(%q) = %s, %v; want %s, %q", tt.q.Kind, tt.text, got, err, tt.want, tt.err)
		}
		if err == nil {
			if err := tt.q.Check(got); err != nil {
				t.Errorf("%s: Check(%s): %v", tt.q.Kind, got, err)
			}
		}
	}
}

func TestCheckRefusesWhatDoesNotAnswer(t *testing.T) {
	for _, tt := range []struct {
		q     Question
		value string
	}{
		{Question{Kind: AskApproval}, `"yes"`},
		{Question{Kind: AskApproval}, `null`},
		{Question{Kind: AskConfirm}, `1`},
		{Question{Kind: AskChecklist, Items: []string{"a"}}, `["b"]`},
		{Question{Kind: AskChecklist, Items: []string{"a"}}, `null`},
		{Question{Kind: AskInput}, `5`},
		{Question{Kind: AskInput}, `null`},
		{Question{Kind: AskInput, Type: "number"}, `"5"`},
		{Question{Kind: AskInput, Type: "number"}, `1e400`},
		{Question{Kind: AskInput, Type: "bool"}, `"yes"`},
		{Question{Kind: AskInput, Choices: []string{"a"}}, `"b"`},
		{Question{Kind: AskInput, Pattern: "a+"}, `"aab"`},
	} {
		if err := tt.q.Check(json.RawMessage(tt.value)); err == nil {
			t.Errorf("%s %+v: %s was taken", tt.q.Kind, tt.q, tt.value)
		}
	}
}

func TestMayAnswer(t *testing.T) {
	q := Question{Approvers: []string{"alice", "bob@ops"}}
	for by, want := range map[string]bool{
		"alice": true, "alice@anywhere": true, "bob@ops": true, "bob@laptop": false, "bob": false, "carol@ops": false, "": false, "ali@ce": false,
	} {
		if got := q.MayAnswer(by); got != want {
			t.Errorf("%q: %v", by, got)
		}
	}
	named := Question{Approvers: []string{"Alice Smith", "asmith@example.org", "@alis", "@", "@x@example.org"}}
	for by, want := range map[string]bool{
		"asmith@vm": true, "asmith": true, "asmith@example.org": true, "alis@vm": true, "Alice Smith@vm": true,
		"smith@vm": false, "alice@vm": false, "": false, "@vm": false, "@": true, "x@vm": false,
	} {
		if got := named.MayAnswer(by); got != want {
			t.Errorf("a contact: %q: %v", by, got)
		}
	}
	if !new(Question).MayAnswer("anybody@x") {
		t.Error("nobody may answer a question without approvers")
	}
}

func TestYes(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "false": false, "null": false, "1": false, `"true"`: false, "": false} {
		if got := (&Answer{Value: json.RawMessage(value)}).Yes(); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
	if (*Answer)(nil).Yes() {
		t.Error("no answer is a yes")
	}
}
