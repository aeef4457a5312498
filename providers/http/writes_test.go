package http

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// settings is a service that keeps texts by path.
type settings struct {
	mu   sync.Mutex
	kept map[string]string
}

func (s *settings) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	old, there := s.kept[r.URL.Path]
	switch r.Method {
	case nethttp.MethodPut:
		s.kept[r.URL.Path] = string(body)
	case nethttp.MethodDelete:
		delete(s.kept, r.URL.Path)
	}
	if !there && r.Method == nethttp.MethodGet {
		w.WriteHeader(nethttp.StatusNotFound)
	}
	_, _ = io.WriteString(w, old)
}

func TestWritesAndTheirUndo(t *testing.T) {
	service := &settings{kept: map[string]string{"/mode": "normal"}}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	send := func(method, path, body string) string {
		t.Helper()
		args := providertest.Values{"url": str(server.URL + path), "method": str(method)}
		if body != "" {
			args["body"] = str(body)
		}
		r, err := do(t, nil, args, false)
		if err != nil {
			t.Fatal(err)
		}
		return r.Value.GetAttr("body").AsString()
	}
	old := send("GET", "/mode", "")
	send("PUT", "/mode", "maintenance")
	send("PUT", "/banner", "back soon")
	if diff := cmp.Diff(map[string]string{"/mode": "maintenance", "/banner": "back soon"}, service.kept); diff != "" {
		t.Error(diff)
	}
	send("DELETE", "/banner", "")
	send("PUT", "/mode", old)
	if diff := cmp.Diff(map[string]string{"/mode": "normal"}, service.kept); diff != "" {
		t.Error(diff)
	}
}

func TestIdempotencyKey(t *testing.T) {
	seen := make(chan string, 1)
	server := httptest.NewServer(nethttp.HandlerFunc(func(_ nethttp.ResponseWriter, r *nethttp.Request) {
		seen <- r.Header.Get("Idempotency-Key") + r.Header.Get("X-Idempotency-Key")
	}))
	t.Cleanup(server.Close)
	own := cty.MapVal(map[string]cty.Value{"idempotency-key": str("mine")})
	for name, test := range map[string]struct {
		method, key string
		args        providertest.Values
		want, noted string
	}{
		"post":      {"POST", "01K/restart", nil, `"01K/restart"`, "01K/restart"},
		"put":       {"PUT", "01K/restart", nil, `"01K/restart"`, "01K/restart"},
		"delete":    {"DELETE", "01K/restart", nil, `"01K/restart"`, "01K/restart"},
		"get":       {"GET", "01K/restart", nil, "", ""},
		"no key":    {"POST", "", nil, "", ""},
		"quoted":    {"POST", `01K/x["ä\b"]`, nil, `"01K/x[\"%C3%A4\\b\"]"`, `01K/x["ä\b"]`},
		"own":       {"POST", "01K/restart", providertest.Values{"idempotency_key": str("order-7")}, `"order-7"`, ""},
		"none":      {"POST", "01K/restart", providertest.Values{"idempotency_key": str("")}, "", ""},
		"header":    {"POST", "01K/restart", providertest.Values{"headers": own}, "mine", ""},
		"elder":     {"POST", "01K/x", providertest.Values{"headers": cty.MapVal(map[string]cty.Value{"X-Idempotency-Key": str("e")})}, "e", ""},
		"promised":  {"POST", "01K/restart", providertest.Values{"idempotent": cty.True}, `"01K/restart"`, "01K/restart"},
		"sensitive": {"POST", "01K/x", providertest.Values{"idempotency_key": str("hunter22").Mark(provider.Sensitive)}, `"hunter22"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			args := providertest.Values{"url": str(server.URL), "method": str(test.method)}
			for name, v := range test.args {
				args[name] = v
			}
			var note []byte
			_, err := attempt(t, nil, args, func(call *provider.Call) {
				call.Key, call.Note = test.key, func(n []byte) error { note = n; return nil }
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := <-seen; got != test.want {
				t.Errorf("the header is %s, expected %s", got, test.want)
			}
			if test.method == "GET" {
				if note != nil {
					t.Errorf("a read noted %s", note)
				}
				return
			}
			var got sentNote
			if err := json.Unmarshal(note, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sentNote{test.method, server.URL, test.noted}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNothingIsSentWithoutANote(t *testing.T) {
	server := httptest.NewServer(nethttp.HandlerFunc(func(nethttp.ResponseWriter, *nethttp.Request) { t.Error("it was sent") }))
	t.Cleanup(server.Close)
	_, err := attempt(t, nil, providertest.Values{"url": str(server.URL), "method": str("POST")}, func(call *provider.Call) {
		call.Note = func([]byte) error { return errors.New("disk full") }
	})
	if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "not sent: disk full") {
		t.Errorf("got %v", err)
	}
}

// net/http sends a request with an Idempotency-Key again when a kept connection breaks: it must not, unless the author
// says that the server minds the key.
func TestAWriteIsSentOnce(t *testing.T) {
	for name, test := range map[string]struct {
		idempotent cty.Value
		want       int32
	}{"by default": {cty.False, 1}, "promised": {cty.True, 2}} {
		t.Run(name, func(t *testing.T) {
			var posts atomic.Int32
			server := httptest.NewServer(nethttp.HandlerFunc(func(_ nethttp.ResponseWriter, r *nethttp.Request) {
				if r.Method == nethttp.MethodPost && posts.Add(1) == 1 {
					panic(nethttp.ErrAbortHandler) // reads the request and closes the connection
				}
			}))
			t.Cleanup(server.Close)
			p := New()
			client, err := p.Open(t.Context(), provider.OpenRequest{MaxParallel: 1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = provider.Close(client) })
			action := p.Action("http_request")
			run := func(method string) error {
				_, err := action.Run(t.Context(), &provider.Call{Client: client, Key: "k", Effect: provider.Write,
					Args: values(action.Spec().Args(), providertest.Values{
						"url": str(server.URL), "method": str(method), "idempotent": test.idempotent})})
				return err
			}
			if err := run("GET"); err != nil { // a connection to reuse
				t.Fatal(err)
			}
			if err := run("POST"); (err == nil) != (test.want == 2) || provider.NothingDone(err) {
				t.Errorf("got %v", err)
			}
			if got := posts.Load(); got != test.want {
				t.Errorf("the server got %d requests, expected %d", got, test.want)
			}
		})
	}
}

func TestInquire(t *testing.T) {
	action := New().Action("http_request").(provider.Inquirer)
	at := time.Date(2026, 3, 1, 9, 14, 2, 0, time.UTC)
	for idempotent, want := range map[bool]provider.Found{
		false: {State: provider.Unknown, Why: "The server may have got POST http://a/x at " + provider.Moment(at) + "; HTTP has no way to ask whether it did."},
		true: {State: provider.Repeatable, Why: "Nobody knows whether the server got POST http://a/x at " + provider.Moment(at) +
			"; the author of the step says with idempotent = true that it carries it out once, however often it comes."},
	} {
		got, err := action.Inquire(t.Context(), &provider.Call{Client: &client{}, Args: values(New().Action("http_request").Spec().Args(),
			providertest.Values{"url": str("http://u:p@a/x?token=t"), "method": str("post"), "idempotent": cty.BoolVal(idempotent)})},
			provider.Sent{Key: "k", At: at})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// breaking is a server that does something odd with its first connections.
func breaking(t *testing.T, odd func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			odd(c)
		}
	}()
	return listener.Addr().String()
}

func TestNothingDone(t *testing.T) {
	closes := func(c net.Conn) { _ = c.Close() }
	hangsUp := func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_ = c.(*net.TCPConn).CloseWrite()
	}
	resets := func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	half := func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
		_ = c.Close()
	}
	alert := func(c net.Conn) { _ = tls.Server(c, &tls.Config{}).Handshake(); _ = c.Close() } // it has no certificate
	for name, test := range map[string]struct {
		url  string
		want bool
	}{
		"closed port":             {"http://" + providertest.Closed(t), true},
		"no such host":            {"http://nowhere.invalid", true},
		"closed in the handshake": {"https://" + breaking(t, closes), true},
		"refused handshake":       {"https://" + breaking(t, alert), true},
		"untrusted":               {httptest.NewTLSServer(nethttp.NotFoundHandler()).URL, true},
		"hung up":                 {"http://" + breaking(t, hangsUp), false},
		"reset":                   {"http://" + breaking(t, resets), false},
		"half an answer":          {"http://" + breaking(t, half), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := do(t, nil, providertest.Values{"url": str(test.url), "method": str("POST"), "body": str("x")}, false)
			if err == nil || provider.NothingDone(err) != test.want || strings.HasSuffix(err.Error(), "EOF") {
				t.Errorf("nothing done is %v after %v", provider.NothingDone(err), err)
			}
		})
	}
}

// asked records what a server gets, "METHOD path headers".
type asked struct {
	mu  sync.Mutex
	got []string
}

func (a *asked) add(r *nethttp.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text := r.Method + " " + r.URL.Path
	for _, name := range []string{"Authorization", "X-Api-Key", "Referer", "Idempotency-Key"} {
		if v := r.Header.Get(name); v != "" {
			text += " " + name + "=" + v
		}
	}
	body, _ := io.ReadAll(r.Body)
	a.got = append(a.got, text+" "+string(body))
}

func (a *asked) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	got := a.got
	a.got = nil
	return got
}

// What was set on purpose, credentials first, must not follow a redirect to another origin, nor may a write.
func TestRedirects(t *testing.T) {
	there, here := &asked{}, &asked{}
	other := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		there.add(r)
		if back := r.URL.Query().Get("back"); back != "" {
			nethttp.Redirect(w, r, back, nethttp.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(other.Close)
	first := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		here.add(r)
		if code := map[string]int{"/301": 301, "/302": 302, "/303": 303, "/307": 307, "/308": 308}[r.URL.Path]; code != 0 {
			nethttp.Redirect(w, r, r.URL.Query().Get("to"), code)
		}
	}))
	t.Cleanup(first.Close)
	headers := cty.MapVal(map[string]cty.Value{"X-Api-Key": str("hunter22")})
	config := providertest.Values{"headers": headers, "bearer_token": str("hunter22")}
	away, back := other.URL+"/away", other.URL+"/away?back="+first.URL+"/home"
	const credentials = " Authorization=Bearer hunter22 X-Api-Key=hunter22"
	for name, test := range map[string]struct {
		method, path, to string
		here, there      []string
		failure, warning string
	}{
		"get":               {"GET", "/302", away, []string{"GET /302" + credentials + " "}, []string{"GET /away "}, "", ""},
		"get, kept method":  {"GET", "/307", away, []string{"GET /307" + credentials + " "}, []string{"GET /away "}, "", ""},
		"get, and back":     {"GET", "/302", back, []string{"GET /302" + credentials + " ", "GET /home "}, []string{"GET /away "}, "", ""},
		"post, same origin": {"POST", "/307", "/home", []string{"POST /307" + credentials + " body", "POST /home" + credentials + " Referer=" + first.URL + "/307?to=%2Fhome body"}, nil, "", ""},
		"post, elsewhere":   {"POST", "/308", away, []string{"POST /308" + credentials + " body"}, nil, "it redirects to " + other.URL + ", and a write", ""},
		"delete, elsewhere": {"DELETE", "/307", away, []string{"DELETE /307" + credentials + " body"}, nil, "a write is not sent to another origin", ""},
		"post, then get":    {"POST", "/301", away, []string{"POST /301" + credentials + " body"}, []string{"GET /away "}, "", "POST was answered with a redirect (301) and went on as GET " + away},
		"post, see other":   {"POST", "/303", "/home", []string{"POST /303" + credentials + " body", "GET /home" + credentials + " Referer=" + first.URL + "/303?to=%2Fhome "}, nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			args := providertest.Values{"url": str(first.URL + test.path), "method": str(test.method),
				"query": cty.MapVal(map[string]cty.Value{"to": str(test.to)})}
			if test.method != "GET" {
				args["body"] = str("body")
			}
			r, err := do(t, config, args, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.here, here.take()); diff != "" {
				t.Errorf("here: %s", diff)
			}
			if diff := cmp.Diff(test.there, there.take()); diff != "" {
				t.Errorf("elsewhere: %s", diff)
			}
			failure := fmt.Sprint(r.Failure)
			if (r.Failure != nil) != (test.failure != "") || !strings.Contains(failure, test.failure) {
				t.Errorf("the failure is %s, expected %q", failure, test.failure)
			}
			warnings := strings.Join(r.Warnings, "\n")
			if (warnings != "") != (test.warning != "") || !strings.Contains(warnings, test.warning) {
				t.Errorf("the warnings are %q, expected %q", warnings, test.warning)
			}
		})
	}
	t.Run("other than the base", func(t *testing.T) {
		config := providertest.Values{"headers": headers, "bearer_token": str("hunter22"), "base_url": str(first.URL)}
		if _, err := do(t, config, providertest.Values{"url": str(other.URL + "/x")}, false); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"GET /x "}, there.take()); diff != "" {
			t.Error(diff)
		}
	})
}

// What could change something does not leave a read-only client, and a step that was planned as a read is held to it.
func TestOnlyReadsAreSent(t *testing.T) {
	reached := &asked{}
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		reached.add(r)
		nethttp.Redirect(w, r, "/again", nethttp.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	header := func(name, value string) providertest.Values {
		return providertest.Values{"headers": cty.MapVal(map[string]cty.Value{name: str(value)})}
	}
	for name, args := range map[string]providertest.Values{
		"post": {"method": str("POST")}, "delete": {"method": str("delete")}, "unknown": {"method": str("PURGE")}, "trace": {"method": str("TRACE")},
		"override": header("x-http-method-override", "DELETE"), "underscores": header("X_HTTP_METHOD_OVERRIDE", "DELETE"), "websocket": header("Upgrade", "websocket"), "upgrade": header("connection", "keep-alive, Upgrade"),
	} {
		t.Run(name, func(t *testing.T) {
			args["url"] = str(server.URL)
			_, err := do(t, nil, args, true)
			if !errors.Is(err, provider.ErrReadOnly) || !provider.NothingDone(err) || !provider.Permanent(err) {
				t.Errorf("read-only gave %v", err)
			}
			_, err = attempt(t, nil, args, func(call *provider.Call) { call.Effect = provider.Read })
			if !errors.Is(err, errNotRead) || errors.Is(err, provider.ErrReadOnly) || !provider.NothingDone(err) {
				t.Errorf("a read gave %v", err)
			}
			if got := reached.take(); got != nil {
				t.Errorf("the server got %q", got)
			}
		})
	}
	_, err := do(t, nil, providertest.Values{"url": str(server.URL)}, true)
	if err == nil || !strings.Contains(err.Error(), "stopped after 10 redirects") {
		t.Errorf("a loop gave %v", err)
	}
	for _, line := range reached.take() {
		if !strings.HasPrefix(line, "GET ") {
			t.Errorf("a redirected GET became %s", line)
		}
	}
}
