package redis

import "testing"

// TestNotedOfCommand: a note tells what the key was before the command, and no more of the result.
func TestNotedOfCommand(t *testing.T) {
	n, err := notedOfCommand([]byte(`{"before":{"key":"k","type":"string","value":"old"}}`))
	if err != nil || n == nil || n.Result.Before.Key != "k" || n.Idle || len(n.Known) != 1 || n.Known[0] != "before" {
		t.Errorf("%+v, %v", n, err)
	}
	for note, bad := range map[string]bool{`{"before":null}`: false, `[]`: true} {
		if n, err := notedOfCommand([]byte(note)); n != nil || (err != nil) != bad {
			t.Errorf("%s: %+v, %v", note, n, err)
		}
	}
}
