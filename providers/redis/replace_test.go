package redis_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// held is a call whose undo counts on what the key held. meanwhile runs between the look at the key and the command.
func (s *session) held(meanwhile func(), command ...string) *provider.Call {
	call := s.call("redis_command", command...)
	call.CountedOn = func(name string) bool { return name == "before" }
	keep := call.NoteSealed
	call.NoteSealed = func(n []byte) error { meanwhile(); return keep(n) }
	return call
}

// TestBeforeIsWhatWasReplaced: somebody changes the key between the look at it and the command. Theirs is what the command replaces, and
// what its undo gives back.
func TestBeforeIsWhatWasReplaced(t *testing.T) {
	s, p := scratch(t)
	s.must("value", "SET", p+"a", "old")
	others := []string{"theirs", "theirs too"}
	call := s.held(func() {
		if len(others) > 0 {
			s.must("value", "SET", p+"a", others[0])
			others = others[1:]
		}
	}, "SET", p+"a", "new")
	r, err := s.provider.Action("redis_command").Run(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Value.GetAttr("before").GetAttr("value").AsString(); got != "theirs too" {
		t.Errorf("before is %s", got)
	}
	if !strings.Contains(string(s.note), "theirs too") {
		t.Errorf("noted is %s", s.note)
	}
	if got := s.must("before", "EXISTS", p+"a"); !strings.Contains(got, `"value":"new"`) {
		t.Errorf("the key is %s", got)
	}
	// The server refuses the command as it would by itself.
	if _, err := s.provider.Action("redis_command").Run(t.Context(), s.held(func() {}, "LPUSH", p+"a", "x")); !provider.NothingDone(err) || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("error is %v", err)
	}
	// One that is never at rest.
	n := 0
	call = s.held(func() { n++; s.must("value", "INCR", p+"made") }, "SET", p+"made", "new")
	if _, err := s.provider.Action("redis_command").Run(t.Context(), call); !provider.NothingDone(err) || provider.Permanent(err) || !strings.Contains(err.Error(), "others changed") {
		t.Errorf("after %d tries: %v", n, err)
	}
	if got := s.must("before", "EXISTS", p+"made"); strings.Contains(got, "new") {
		t.Errorf("the key is %s", got)
	}
	// In a transaction, what waits does not wait.
	if _, err := s.provider.Action("redis_command").Run(t.Context(), s.held(func() {}, "BLPOP", p+"l", "1")); !provider.NothingDone(err) || !strings.Contains(err.Error(), "waits") {
		t.Errorf("error is %v", err)
	}
}

// TestReplaces: a command that says what it replaces leaves what somebody else has set by now.
func TestReplaces(t *testing.T) {
	s, p := scratch(t)
	replacing := func(command []string, held cty.Value) *provider.Call {
		call := s.call("redis_command", command...)
		values := words(command...)
		values["replaces"] = held
		call.Args = object(t, s.provider.Action("redis_command").Spec().Args(), values)
		return call
	}
	for name, command := range map[string][]string{
		"a string": {"SET", p + "a", "new"}, "a hash": {"HSET", p + "h", "f", "1", "g", "2"}, "a list": {"RPUSH", p + "l", "x", "y"}, "nothing": {"DEL", p + "made"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := s.run("redis_command", command...)
			if err != nil {
				t.Fatal(err)
			}
			after, key := r.Value.GetAttr("after"), command[1]
			undo := replacing([]string{"DEL", key}, after)
			s.must("value", "DEL", key)
			s.must("value", "SET", key, "somebody else's")
			_, err = s.provider.Action("redis_command").Run(t.Context(), undo)
			if !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), "somebody else has changed it") {
				t.Errorf("error is %v", err)
			}
			if got := s.must("before", "EXISTS", key); !strings.Contains(got, "somebody else's") {
				t.Errorf("the key is %s", got)
			}
			s.must("value", "DEL", key)
			s.must("value", command...)
			if _, err = s.provider.Action("redis_command").Run(t.Context(), undo); err != nil {
				t.Error(err)
			}
			if _, err = s.provider.Action("redis_command").Run(t.Context(), replacing([]string{"DEL", p + "x", p + "y"}, after)); !provider.NothingDone(err) {
				t.Errorf("error is %v", err)
			}
		})
	}
}
