package redis

import "testing"

// TestNotedOfCommand: a note tells what the key was before the command, and no more of the result. One of an older version that did not keep
// all of it tells nothing: null would mean that there was nothing.
func TestNotedOfCommand(t *testing.T) {
	for note, told := range map[string]bool{
		`{"before":{"key":"k","type":"string","value":"old"}}`:                              true,
		`{"before":{"key":"k","type":"string","value":"old","ttl_ms":1,"expires_at_ms":2}}`: true,
		`{"before":{"key":"k","type":"none","digest":"","truncated":false}}`:                true,
		`{"before":{"key":"k","type":"stream","value":null,"truncated":true}}`:              true,
		`{"before":{"key":"k","type":"string","digest":"d","truncated":false}}`:             false,
		`{"before":{"key":"k","type":"string","value":"old","digest":"d","ttl_ms":7}}`:      false,
		`{"before":null}`: false,
	} {
		n, err := notedOfCommand([]byte(note))
		if err != nil || (n != nil) != told {
			t.Errorf("%s: %+v, %v", note, n, err)
		}
		if told && n != nil && (n.Result.Before.Key != "k" || n.Idle || len(n.Known) != 1 || n.Known[0] != "before") {
			t.Errorf("%s: %+v", note, n)
		}
	}
	if n, err := notedOfCommand([]byte(`[]`)); n != nil || err == nil {
		t.Errorf("%+v, %v", n, err)
	}
}
