package redis_test

import (
	"net"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestCommandSentAgain: what the key held is what it held before the first attempt, be it found done or sent again.
func TestCommandSentAgain(t *testing.T) {
	s, p := scratch(t)
	for _, c := range []struct {
		command []string
		after   string
	}{
		{[]string{"SET", p + "a", "new"}, `"new"`}, {[]string{"INCRBY", p + "a", "2"}, `"14"`}, {[]string{"DEL", p + "a"}, "null"},
	} {
		s.must("value", "SET", p+"a", "10", "PX", "600000")
		first := s.must("before", c.command...)
		call := s.call("redis_command", c.command...)
		call.Earlier = &provider.Sent{Note: s.note}
		for range 2 {
			r, err := s.provider.Action("redis_command").Run(t.Context(), call)
			if err != nil {
				t.Fatal(err)
			}
			before := r.Value.GetAttr("before")
			if before.GetAttr("value").AsString() != "10" || before.GetAttr("ttl_ms").IsNull() || !strings.Contains(first, `"10"`) {
				t.Errorf("%v: before is %#v, first %s", c.command, before, first)
			}
			call.Earlier = &provider.Sent{Note: s.note}
			if c.command[0] == "INCRBY" {
				break
			}
		}
		if got := s.must("before", "GET", p+"a"); !strings.Contains(got, `"value":`+c.after) {
			t.Errorf("%v: the key holds %s", c.command, got)
		}
	}
}

// TestNoteOfAnOlderVersion: a note that lacks what the key held tells no before of a command that is found done, and one that is sent again
// looks afresh.
func TestNoteOfAnOlderVersion(t *testing.T) {
	s, p := scratch(t)
	action := s.provider.Action("redis_command")
	s.must("value", "SET", p+"a", "old")
	older := []byte(`{"before":{"key":"` + p + `a","type":"string","digest":"d","truncated":false}}`)
	s.must("value", "SET", p+"a", "new")
	found, err := action.(provider.Inquirer).Inquire(t.Context(), s.call("redis_command", "SET", p+"a", "new"), provider.Sent{Note: older})
	if err != nil || found.State != provider.Done || found.Result != nil || !strings.Contains(found.Why, "older version") {
		t.Errorf("found %+v, %v", found, err)
	}
	s.must("value", "SET", p+"a", "old")
	for _, counts := range []bool{true, false} {
		call := s.call("redis_command", "SET", p+"a", "new")
		call.Earlier, call.CountedOn = &provider.Sent{Note: older, Judged: true}, func(string) bool { return counts }
		r, err := action.Run(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Value.GetAttr("before").GetAttr("value"); got.IsNull() || got.AsString() != "old" || !strings.Contains(strings.Join(r.Warnings, " "), "older version") {
			t.Errorf("before is %#v, warnings %q", got, r.Warnings)
		}
		if !strings.Contains(string(s.note), `"value":"old"`) {
			t.Errorf("the note is %s", s.note)
		}
		s.must("value", "SET", p+"a", "old")
	}
}

// TestReadOfBeforeBreaks: the connection breaks while the key is read. Nothing was sent, the error says so, and the key is as it was.
func TestReadOfBeforeBreaks(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u, _ := labURL(t, "REDIS_URL")
	backend := u.Host
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			cutAt(c, backend, "pttl")
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	direct, p := scratch(t)
	direct.must("value", "SET", p+"a", "old")
	proxied := *u
	proxied.Host = listener.Addr().String()
	s := connect(t, proxied.String(), false)
	_, err = s.run("redis_command", "SET", p+"a", "new")
	if err == nil || !provider.NothingDone(err) || provider.Permanent(err) || !strings.Contains(err.Error(), "Nothing was written.") || s.note != nil {
		t.Errorf("error is %v, note %s", err, s.note)
	}
	if got := direct.must("before", "GET", p+"a"); !strings.Contains(got, `"value":"old"`) {
		t.Errorf("the key holds %s", got)
	}
}

// TestReadOfBeforeRefused: a user that may write and not read goes on with a warning, unless the undo counts on before.
func TestReadOfBeforeRefused(t *testing.T) {
	admin, p := scratch(t)
	user := strings.ReplaceAll(p, ":", "-")
	admin.must("value", "ACL", "SETUSER", user, "on", "nopass", "~"+p+"*", "+set", "+command", "+client", "+hello", "+ping")
	t.Cleanup(func() { admin.must("value", "ACL", "DELUSER", user) })
	u, _ := labURL(t, "REDIS_URL")
	blind := *u
	blind.User = nil
	s := connect(t, strings.Replace(blind.String(), "redis://", "redis://"+user+":x@", 1), false)
	call := s.call("redis_command", "SET", p+"a", "new")
	call.CountedOn = func(name string) bool { return name == "before" }
	_, err := s.provider.Action("redis_command").Run(t.Context(), call)
	if !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), "counts on self.before") {
		t.Errorf("error is %v", err)
	}
	r, err := s.run("redis_command", "SET", p+"a", "new")
	if err != nil || len(r.Warnings) == 0 || !r.Value.GetAttr("before").IsNull() {
		t.Errorf("%+v, %v", r, err)
	}
}
