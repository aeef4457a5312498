package redis_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestBeforeThatCannotBeGivenBack: where the undo counts on what the key held, and that can't be told as it is, nothing is sent.
func TestBeforeThatCannotBeGivenBack(t *testing.T) {
	s, p := scratch(t)
	for name, test := range map[string]struct {
		given []string
		why   string // empty: it can be told
	}{
		"text":       {[]string{"SET", p + "k", "x 日本 \x00"}, ""},
		"none":       {[]string{"DEL", p + "k"}, ""},
		"bytes":      {[]string{"SET", p + "k", "\x80\x04abc"}, "not UTF-8"},
		"a field":    {[]string{"HSET", p + "k", "\xff", "1"}, "not UTF-8"},
		"a member":   {[]string{"RPUSH", p + "k", "a", "\xfe"}, "not UTF-8"},
		"too much":   {[]string{"SET", p + "k", strings.Repeat("x", 200<<10)}, "64 KiB"},
		"a stream":   {[]string{"XADD", p + "k", "*", "a", "1"}, "a stream"},
		"an endless": {[]string{"ZADD", p + "k", "inf", "m"}, "no finite number"},
	} {
		t.Run(name, func(t *testing.T) {
			s.must("value", "DEL", p+"k")
			s.must("value", test.given...)
			was := s.must("before", "EXISTS", p+"k")
			call := s.call("redis_command", "SET", p+"k", "new")
			call.CountedOn = func(name string) bool { return name == "before" }
			_, err := s.provider.Action("redis_command").Run(t.Context(), call)
			if test.why == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), test.why) || !strings.Contains(err.Error(), "self.before") {
				t.Errorf("error is %v", err)
			}
			if got := s.must("before", "EXISTS", p+"k"); got != was {
				t.Errorf("the key holds %.99s, held %.99s", got, was)
			}
			if _, err := s.run("redis_command", "SET", p+"k", "new"); err != nil {
				t.Errorf("without such an undo: %v", err)
			}
		})
	}
}

// TestKeysThatMove: of a command whose keys the server can't tell by their place, none is taken for the one that it changes.
func TestKeysThatMove(t *testing.T) {
	s, p := scratch(t)
	s.must("value", "RPUSH", p+"list", "2", "1")
	if got := s.must("before", "SORT", p+"list", "STORE", p+"sorted"); got != "null" {
		t.Errorf("before is %s", got)
	}
	if got := s.must("before", "RPUSH", p+"list", "3"); !strings.Contains(got, p+"list") {
		t.Errorf("before is %s", got)
	}
}

// TestNoBeforeToCountOn: where the undo counts on what a key held, and the command is none of one key, nothing is sent.
func TestNoBeforeToCountOn(t *testing.T) {
	s, p := scratch(t)
	s.must("value", "MSET", p+"a", "1", p+"b", "2")
	for _, command := range [][]string{
		{"DEL", p + "a", p + "b"}, {"MSET", p + "a", "9", p + "b", "9"}, {"RENAME", p + "a", p + "b"},
		{"EVAL", "return redis.call('SET', KEYS[1], '9')", "1", p + "a"}, {"COPY", p + "a", p + "b", "REPLACE"},
	} {
		call := s.call("redis_command", command...)
		call.CountedOn = func(name string) bool { return name == "before" }
		_, err := s.provider.Action("redis_command").Run(t.Context(), call)
		if !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), command[0]) || !strings.Contains(err.Error(), "self.before") {
			t.Errorf("%v: error is %v", command, err)
		}
		if got := s.must("value", "MGET", p+"a", p+"b"); got != `["1","2"]` {
			t.Fatalf("%v: the keys hold %s", command, got)
		}
	}
	if _, err := s.run("redis_command", "DEL", p+"a", p+"b"); err != nil {
		t.Errorf("without such an undo: %v", err)
	}
}

// TestExpiryGivenBack: a SET of what before tells, its end included, leaves the key to live as long as it would have.
func TestExpiryGivenBack(t *testing.T) {
	s, p := scratch(t)
	s.must("value", "SET", p+"k", "5", "PX", "1000000")
	call := s.call("redis_command", "SET", p+"k", "x")
	call.CountedOn = func(name string) bool { return name == "before" }
	r, err := s.provider.Action("redis_command").Run(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	before := r.Value.GetAttr("before")
	end := before.GetAttr("expires_at_ms").AsBigFloat().Text('f', 0)
	s.must("value", "SET", p+"k", before.GetAttr("value").AsString(), "PXAT", end)
	left, err := strconv.ParseInt(s.must("value", "PTTL", p+"k"), 10, 64)
	if err != nil || left > 1000100 || left < 900000 {
		t.Errorf("it lives %d ms, %v", left, err)
	}
	if after := s.must("after", "PERSIST", p+"k"); !strings.Contains(after, `"expires_at_ms":null`) || !strings.Contains(after, `"value":"5"`) {
		t.Errorf("without an end it is %s", after)
	}
}
