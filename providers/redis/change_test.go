package redis_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/providers/redis"
)

// session runs actions against one client.
type session struct {
	t        *testing.T
	provider *provider.Provider
	client   provider.Client
	readOnly bool
	note     json.RawMessage
	// open says that a note was kept that is not sealed.
	open bool
}

func connect(t *testing.T, url string, readOnly bool) *session {
	t.Helper()
	p := redis.New()
	client, err := p.Open(t.Context(), provider.OpenRequest{
		Config: object(t, p.Config(), block(url)), ReadOnly: readOnly, MaxParallel: 4,
		Host: provider.Host{Lookup: func(string) (string, bool) { return "", false }},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := provider.Close(client); err != nil {
			t.Error(err)
		}
	})
	return &session{t: t, provider: p, client: client, readOnly: readOnly}
}

func object(t *testing.T, schema *provider.Object, values pt.Values) cty.Value {
	t.Helper()
	attrs := schema.Null().AsValueMap()
	for name, v := range values {
		converted, err := convert.Convert(v, schema.Attribute(name).Type)
		if err != nil {
			t.Fatal(err)
		}
		attrs[name] = converted
	}
	return cty.ObjectVal(attrs)
}

func (s *session) call(action string, command ...string) *provider.Call {
	spec := s.provider.Action(action).Spec()
	args := object(s.t, spec.Args(), words(command...))
	return &provider.Call{
		Client: s.client, Args: args, Effect: spec.Classify(args), ReadOnly: s.readOnly,
		Note:       func(n []byte) error { s.note, s.open = n, true; return nil },
		NoteSealed: func(n []byte) error { s.note = n; return nil },
	}
}

func (s *session) run(action string, command ...string) (*provider.Result, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), time.Minute)
	defer cancel()
	return s.provider.Action(action).Run(ctx, s.call(action, command...))
}

// must gives the result of a command that goes well, as JSON.
func (s *session) must(attribute string, command ...string) string {
	s.t.Helper()
	r, err := s.run("redis_command", command...)
	if err != nil {
		s.t.Fatalf("%v: %v", command, err)
	}
	text, err := ctyjson.SimpleJSONValue{Value: r.Value.GetAttr(attribute)}.MarshalJSON()
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// scratch gives a session and a prefix of keys, which are deleted at the end of the test.
func scratch(t *testing.T) (*session, string) {
	t.Helper()
	u, _ := labURL(t, "REDIS_URL")
	s := connect(t, u.String(), false)
	prefix := fmt.Sprintf("data-test:%x:", time.Now().UnixNano())
	t.Cleanup(func() {
		s.must("value", "DEL", prefix+"a", prefix+"h", prefix+"l", prefix+"made")
	})
	return s, prefix
}

// A command tells what its key held, from which an undo is written.
func TestCommandAndUndo(t *testing.T) {
	s, p := scratch(t)
	s.must("value", "SET", p+"a", "old", "PX", "600000")
	before := s.must("before", "SET", p+"a", "new")
	if !strings.Contains(before, `"value":"old"`) || !strings.Contains(before, `"type":"string"`) || strings.Contains(before, `"ttl_ms":null`) {
		t.Errorf("before is %s", before)
	}
	// The undo.
	s.must("value", "SET", p+"a", "old", "PX", "600000")
	if got := s.must("before", "DEL", p+"a"); !strings.Contains(got, `"value":"old"`) {
		t.Errorf("before the end it is %s", got)
	}
	if got := s.must("after", "HSET", p+"h", "f", "1", "g", "2"); !strings.Contains(got, `"value":{"f":"1","g":"2"}`) {
		t.Errorf("after is %s", got)
	}
	if got := s.must("after", "RPUSH", p+"l", "x", "y"); !strings.Contains(got, `"value":["x","y"]`) {
		t.Errorf("after is %s", got)
	}
	if got := s.must("before", "DEL", p+"h", p+"l"); got != "null" {
		t.Errorf("before of several keys is %s", got)
	}
	s.must("value", "SET", p+"a", strings.Repeat("x", 1<<20))
	if got := s.must("before", "DEL", p+"a"); !strings.Contains(got, `"truncated":true`) || len(got) > 200 {
		t.Errorf("before of much is %.300s", got)
	}
}

// What a command with a sensitive argument answers may be that argument, or the secret that it replaced.
func TestCommandKeepsSecrets(t *testing.T) {
	s, p := scratch(t)
	s.must("value", "SET", p+"a", "old-secret")
	call := s.call("redis_command", "SET", p+"a", "new-secret", "GET")
	args := call.Args.AsValueMap()
	args["command"] = args["command"].Mark(provider.Sensitive)
	call.Args = cty.ObjectVal(args)
	r, err := s.provider.Action("redis_command").Run(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"value", "before", "after"} {
		if !r.Value.GetAttr(name).HasMark(provider.Sensitive) {
			t.Errorf("%s is not sensitive: %#v", name, r.Value.GetAttr(name))
		}
	}
	if strings.Contains(r.Summary, "secret") {
		t.Errorf("the summary is %q", r.Summary)
	}
}

func TestCommandInquire(t *testing.T) {
	s, p := scratch(t)
	inquire := func(want provider.State, command ...string) {
		t.Helper()
		found, err := s.provider.Action("redis_command").(provider.Inquirer).Inquire(t.Context(), s.call("redis_command", command...), provider.Sent{Note: s.note})
		if err != nil || found.State != want {
			t.Errorf("%v: found %+v, %v; expected state %d", command, found, err, want)
		}
	}
	s.must("value", "SET", p+"a", "1")
	inquire(provider.Done, "SET", p+"a", "1")
	if s.open {
		t.Errorf("the note, which holds values, is not sealed: %s", s.note)
	}
	s.must("value", "SET", p+"a", "2")
	note := s.note
	s.must("value", "SET", p+"a", "1")
	s.note = note // of the command that found 1, and was taken back since
	inquire(provider.Unknown, "SET", p+"a", "2")
	s.must("value", "SET", p+"a", "3")
	s.note = note
	inquire(provider.Unknown, "SET", p+"a", "2")
	inquire(provider.Unknown, "SET", p+"a", "2", "NX")
	inquire(provider.Unknown, "INCR", p+"a")
	s.must("value", "DEL", p+"a")
	inquire(provider.Done, "DEL", p+"a")
	s.must("value", "SET", p+"a", "new")
	note = s.note // of the command that found nothing
	s.must("value", "DEL", p+"a")
	s.note = note
	inquire(provider.Unknown, "SET", p+"a", "new")
	s.note = nil
	inquire(provider.NotDone, "DEL", p+"a")
}

func TestCommandErrors(t *testing.T) {
	s, p := scratch(t)
	s.must("value", "RPUSH", p+"l", "x")
	for command, want := range map[string]struct {
		text    string
		nothing bool
	}{
		"INCR " + p + "l":       {"WRONGTYPE", true},
		"SET " + p + "a":        {"at least 2 arguments", true},
		"APPEND " + p + "a b c": {"wrong number", true},
		"NOSUCH x":              {"unknown command", true},
		"SELECT 1":              {"changes the connection", true},
		"MULTI":                 {"changes the connection", true},
		"SUBSCRIBE x":           {"changes the connection", true},
		"EVAL return(redis.call('INCR',KEYS[1])) 1 " + p + "l": {"WRONGTYPE", false},
	} {
		_, err := s.run("redis_command", strings.Fields(command)...)
		if err == nil || !strings.Contains(err.Error(), want.text) || provider.NothingDone(err) != want.nothing {
			t.Errorf("%s: error is %v, nothing done %v", command, err, provider.NothingDone(err))
		}
	}
	call := s.call("redis_command", "FLUSHALL")
	call.Effect = provider.Write
	if _, err := s.provider.Action("redis_command").Run(t.Context(), call); err == nil || !strings.Contains(err.Error(), "destructive") {
		t.Errorf("error is %v", err)
	}
	// A blocked command that meets its deadline may still be done.
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := s.provider.Action("redis_command").Run(ctx, s.call("redis_command", "BLPOP", p+"nothing", "0"))
	if err == nil || provider.NothingDone(err) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

// A connection that ends after the command was sent leaves it in doubt.
func TestCommandLostConnection(t *testing.T) {
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
			cutAt(c, backend, "lost-value")
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	direct, p := scratch(t)
	proxied := *u
	proxied.Host = listener.Addr().String()
	s := connect(t, proxied.String(), false)
	_, err = s.run("redis_command", "SET", p+"a", "lost-value")
	if err == nil || provider.NothingDone(err) || !strings.Contains(err.Error(), "Whether it took place is not known") {
		t.Fatalf("error is %v", err)
	}
	found, err := direct.provider.Action("redis_command").(provider.Inquirer).Inquire(t.Context(), direct.call("redis_command", "SET", p+"a", "lost-value"), provider.Sent{Note: s.note})
	if err != nil || found.State != provider.Unknown || !strings.Contains(found.Why, "is as it was before the command") {
		t.Errorf("found %+v, %v", found, err)
	}
}

// cutAt passes bytes on until the client sends the word, then drops the connection.
func cutAt(c net.Conn, backend, word string) {
	server, err := net.Dial("tcp", backend)
	if err != nil {
		_ = c.Close()
		return
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil {
				return
			}
			if _, err := c.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil || strings.Contains(string(buf[:n]), word) {
			break
		}
		if _, err := server.Write(buf[:n]); err != nil {
			break
		}
	}
	_, _ = c.Close(), server.Close()
	<-back
}

// No attempt to write through the reading action changes anything, nor through the writing one in a read-only run.
func TestHostile(t *testing.T) {
	direct, p := scratch(t)
	direct.must("value", "RPUSH", p+"l", "3", "1", "2")
	direct.must("value", "SET", p+"a", "1", "PX", "600000")
	direct.must("value", "PFADD", p+"h", "1", "2") // a count that is not in the key yet
	u, _ := labURL(t, "REDIS_URL")
	facts := func() string {
		text := ""
		for _, command := range [][]string{{"GET", p + "a"}, {"LRANGE", p + "l", "0", "-1"}, {"EXISTS", p + "made"}, {"DUMP", p + "h"}, {"CONFIG", "GET", "maxmemory*"}, {"PTTL", p + "a"}} {
			r, err := direct.run("redis_query", command...)
			if err != nil {
				t.Fatal(err)
			}
			value := r.Value.GetAttr("value")
			if command[0] == "PTTL" {
				value = value.GreaterThan(cty.Zero)
			}
			out, err := ctyjson.SimpleJSONValue{Value: value}.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			text += string(out)
		}
		return text
	}
	before := facts()
	reads, readOnly := connect(t, u.String(), false), connect(t, u.String(), true)
	for _, command := range [][]string{
		{"SET", p + "made", "1"}, {"set", p + "made", "1"}, {" SET", p + "made", "1"}, {"DEL", p + "a"}, {"UNLINK", p + "a"}, {"GETDEL", p + "a"}, {"FLUSHALL"}, {"FLUSHDB"},
		{"EVAL", "return redis.call('SET', KEYS[1], '1')", "1", p + "made"}, {"EVAL_RO", "return 1", "0"}, {"EVALSHA", strings.Repeat("a", 40), "0"},
		{"EVALSHA_RO", strings.Repeat("a", 40), "0"}, {"FCALL", "f", "0"}, {"FCALL_RO", "f", "0"}, {"SCRIPT", "FLUSH"}, {"SCRIPT", "LOAD", "return 1"}, {"FUNCTION", "FLUSH"},
		{"SORT", p + "l", "STORE", p + "made"}, {"SORT", p + "l"}, {"SORT_RO", p + "l"}, {"GETEX", p + "a", "PERSIST"}, {"BITFIELD", p + "a", "SET", "u8", "0", "1"},
		{"GEORADIUS", p + "made", "1", "1", "1", "m", "STORE", p + "made"}, {"GEOSEARCHSTORE", p + "made", p + "l", "FROMLONLAT", "1", "1", "BYRADIUS", "1", "m"},
		{"KEYS", "*"}, {"CONFIG", "SET", "maxmemory", "1"}, {"config", "set", "maxmemory", "1"}, {"CONFIG", "RESETSTAT"}, {"CONFIG", "REWRITE"}, {"CLIENT", "KILL", "TYPE", "normal"},
		{"CLIENT", "PAUSE", "1"}, {"SHUTDOWN", "NOSAVE"}, {"DEBUG", "SLEEP", "1"}, {"REPLICAOF", "NO", "ONE"}, {"SLOWLOG", "RESET"}, {"LATENCY", "RESET"}, {"MEMORY", "PURGE"},
		{"ACL", "SETUSER", "x"}, {"MODULE", "LOAD", "/x.so"}, {"MULTI"}, {"EXEC"}, {"SELECT", "1"}, {"PUBLISH", "x", "y"}, {"SUBSCRIBE", "x"}, {"MONITOR"}, {"SAVE"}, {"BGSAVE"},
		{"SWAPDB", "0", "1"}, {"MIGRATE", "127.0.0.1", "1", p + "a", "0", "1"}, {"RESTORE", p + "made", "0", "x"}, {"COPY", p + "a", p + "made"}, {"RENAME", p + "a", p + "made"},
		{"PFMERGE", p + "made", p + "made"}, {"PFCOUNT", p + "h"}, {"EXPIRE", p + "a", "0"}, {"PERSIST", p + "a"}, {"XGROUP", "CREATE", p + "made", "g", "$", "MKSTREAM"}, {"HELLO", "3"}, {"RESET"}, {"QUIT"},
	} {
		t.Run(strings.Join(command, " "), func(t *testing.T) {
			for _, s := range []*session{reads, readOnly} {
				s := &session{t: t, provider: s.provider, client: s.client, readOnly: s.readOnly}
				if _, err := s.run("redis_query", command...); err == nil || !provider.Permanent(err) || !provider.NothingDone(err) {
					t.Errorf("redis_query, read-only %v: error is %v", s.readOnly, err)
				}
			}
			s := &session{t: t, provider: readOnly.provider, client: readOnly.client, readOnly: true}
			if _, err := s.run("redis_command", command...); !errors.Is(err, provider.ErrReadOnly) {
				t.Errorf("redis_command: error is %v", err)
			}
			// The client itself refuses, whatever a call says.
			s.readOnly = false
			if _, err := s.run("redis_command", command...); err == nil || !provider.NothingDone(err) {
				t.Errorf("redis_command on a read-only client: error is %v", err)
			}
		})
	}
	if after := facts(); after != before {
		t.Errorf("%s became %s", before, after)
	}
}
