package run

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParseOfWhatIsHidden: where a choice or an item is not shown whole, its number names it; what means two, or reads like another, is refused.
func TestParseOfWhatIsHidden(t *testing.T) {
	choices := &Question{Kind: AskInput, Choices: []string{"(sensitive)", "green", "1"}}
	numbers := &Question{Kind: AskInput, Type: "number", Choices: []string{"7", "(sensitive)"}}
	items := &Question{Kind: AskChecklist, Items: []string{"call (sensitive)", "look"}}
	alike := &Question{Kind: AskChecklist, Items: []string{"(sensitive)", "(sensitive)", "look"}}
	for _, c := range []struct {
		q          *Question
		text, want string
		err        string
	}{
		{choices, "(sensitive)", `"(sensitive)"`, ""},
		{choices, "green", `"green"`, ""},
		{choices, "2", "", "is not one of 1. (sensitive), 2. green, 3. 1"},
		{choices, "1", "", "means two choices"},
		{numbers, "2", `"(sensitive)"`, ""},
		{numbers, "7", "7", ""},
		{items, "1", `["call (sensitive)"]`, ""},
		{items, "call (sensitive),2", `["call (sensitive)","look"]`, ""},
		{alike, "1", "", `2 of these read "(sensitive)"`},
		{alike, "look", `["look"]`, ""},
	} {
		got, err := c.q.Parse(c.text)
		if err == nil {
			err = c.q.Distinct(got)
		}
		if err == nil {
			err = c.q.Check(got)
		}
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || err == nil && string(got) != c.want {
			t.Errorf("%s: %s, %v", c.text, got, err)
		}
	}
}

// TestInFull: what everybody may read of an item or a choice stands for that, unless it stands for several.
func TestInFull(t *testing.T) {
	shown := func(text string) string {
		return strings.NewReplacer("blue", "(sensitive)", "2026", "(sensitive)").Replace(text)
	}
	colour := &Question{Kind: AskInput, Choices: []string{"blue", "green"}}
	year := &Question{Kind: AskInput, Type: "number", Choices: []string{"2026", "7"}}
	list := &Question{Kind: AskChecklist, Items: []string{"paint it blue", "look", "blue", "2026"}}
	for _, c := range []struct {
		q           *Question
		value, want string
	}{
		{colour, `"(sensitive)"`, `"blue"`},
		{colour, `"green"`, `"green"`},
		{colour, `"red (sensitive)"`, `"red (sensitive)"`},
		{year, `"(sensitive)"`, `2026`},
		{year, `7`, `7`},
		{list, `["look","paint it (sensitive)"]`, `["look","paint it blue"]`},
		{list, `["(sensitive)"]`, `["(sensitive)"]`},
		{&Question{Kind: AskApproval}, `true`, `true`},
	} {
		got, notes := c.q.InFull([]byte(c.value), map[string]string{"paint it (sensitive)": "done", "look": "well"}, shown)
		if string(got) != c.want {
			t.Errorf("%s is %s, expected %s", c.value, got, c.want)
		}
		if want := map[string]string{"paint it blue": "done", "look": "well"}; c.q == list && cmp.Diff(want, notes) != "" {
			t.Errorf("notes are %v", notes)
		}
	}
}
