package redis

import "testing"

// TestNotedOfCommand: a note tells what the key was before the command, and no more of the result.
func TestNotedOfCommand(t *testing.T) {
	r, known, err := notedOfCommand([]byte(`{"before":{"key":"k","type":"string","value":"old"}}`))
	if err != nil || r == nil || r.Before.Key != "k" || r.Before.Type != "string" || len(known) != 1 || known[0] != "before" {
		t.Errorf("%+v, %v, %v", r, known, err)
	}
	for note, bad := range map[string]bool{`{"before":null}`: false, `[]`: true} {
		if r, _, err := notedOfCommand([]byte(note)); r != nil || (err != nil) != bad {
			t.Errorf("%s: %+v, %v", note, r, err)
		}
	}
}
