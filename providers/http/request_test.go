package http

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// do opens a client and sends one request, with the effect that the action gives it.
func do(t *testing.T, config, args providertest.Values, readOnly bool) (*provider.Result, error) {
	t.Helper()
	return attempt(t, config, args, func(call *provider.Call) { call.ReadOnly = readOnly })
}

// attempt is do with a call that is changed first; the client is read-only where the call is.
func attempt(t *testing.T, config, args providertest.Values, change func(*provider.Call)) (*provider.Result, error) {
	t.Helper()
	p := New()
	action := p.Action("http_request")
	call := &provider.Call{Args: values(action.Spec().Args(), args)}
	call.Effect = action.Spec().Classify(call.Args)
	change(call)
	block := cty.NilVal
	if config != nil {
		block = values(p.Config(), config)
	}
	client, err := p.Open(t.Context(), provider.OpenRequest{Config: block, ReadOnly: call.ReadOnly, MaxParallel: 4})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := provider.Close(client); err != nil {
			t.Error(err)
		}
	})
	call.Client = client
	return action.Run(t.Context(), call)
}

func values(o *provider.Object, given providertest.Values) cty.Value {
	attrs := o.Null().AsValueMap()
	for name, v := range given {
		attrs[name] = v
	}
	return cty.ObjectVal(attrs)
}

func TestClassify(t *testing.T) {
	spec := New().Action("http_request").Spec()
	for method, want := range map[string]provider.Effect{
		"GET": provider.Read, "head": provider.Read, "OPTIONS": provider.Read, "POST": provider.Write, "Put": provider.Write,
		"PATCH": provider.Write, "DELETE": provider.Destructive, "PURGE": provider.Destructive,
	} {
		args := values(spec.Args(), providertest.Values{"url": str("https://a"), "method": str(method)})
		if got := spec.Classify(args); got != want {
			t.Errorf("%s is %v, expected %v", method, got, want)
		}
	}
	for _, name := range []string{"X-HTTP-Method-Override", "X_HTTP_Method_Override"} {
		override := cty.MapVal(map[string]cty.Value{name: str("DELETE")})
		if got := spec.Classify(values(spec.Args(), providertest.Values{"url": str("https://a"), "headers": override})); got != provider.Destructive {
			t.Errorf("a method in the header %s is %v", name, got)
		}
	}
	unknown := providertest.Values{"url": str("https://a"), "method": cty.UnknownVal(cty.String)}
	if got := spec.Classify(values(spec.Args(), unknown)); got != provider.Destructive {
		t.Errorf("an unknown method is %v", got)
	}
	if got := spec.Classify(values(spec.Args(), providertest.Values{"url": cty.UnknownVal(cty.String)})); got != provider.Read {
		t.Errorf("no method is %v", got)
	}
}

func TestTargets(t *testing.T) {
	p := New()
	spec := p.Action("http_request").Spec()
	for text, want := range map[string]string{
		"https://u:p@api.example.com:8443/x?key=1": "https://api.example.com:8443", "/health": "", "::": "",
	} {
		if got := spec.Target(values(spec.Args(), providertest.Values{"url": str(text)})); got != want {
			t.Errorf("the target of %q is %q, expected %q", text, got, want)
		}
	}
	got, err := p.Target(provider.OpenRequest{Config: values(p.Config(), providertest.Values{"base_url": str("https://u:p@a:1/v1")})})
	if err != nil || got != "https://a:1/v1" {
		t.Errorf("the provider's target is %q, %v", got, err)
	}
	secret := values(p.Config(), providertest.Values{"base_url": str("https://u:p@a:1/v1").Mark(provider.Sensitive)})
	place, err := p.Place(provider.OpenRequest{Config: secret})
	if want := (provider.Place{Text: "https://a:1/v1", Short: "https://a:1", Hidden: true}); err != nil || place != want || place.Shown() != "https://a:1" {
		t.Errorf("the place of a secret URL is %+v, %v", place, err)
	}
	for text, want := range map[string]string{
		"https://u:p@a:1/v1?key=1#x": "https://a:1/v1", "/v1/x?key=1": "url /v1/x", "x y": "url x y",
	} {
		if got := spec.Place(values(spec.Args(), providertest.Values{"url": str(text)})); got != want {
			t.Errorf("the place of %q is %q, expected %q", text, got, want)
		}
	}
}

func TestLocate(t *testing.T) {
	base, err := url.Parse("https://api.example.com/v1/?x=1")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		base      *url.URL
		url, want string
	}{
		"absolute":      {base, "http://other/x", "http://other/x"},
		"joined":        {base, "health?deep=1", "https://api.example.com/v1/health?deep=1"},
		"slashes":       {base, "/health", "https://api.example.com/v1/health"},
		"escaped":       {base, "/a%2Fb", "https://api.example.com/v1/a%2Fb"},
		"only a query":  {base, "?a=b", "https://api.example.com/v1/?a=b"},
		"no base":       {nil, "/health", `url "/health" is relative, and the provider block has no base_url`},
		"wrong scheme":  {base, "ftp://x/y", `url "ftp://x/y" has no scheme and host; write one like "https://example.com/health"`},
		"not a URL":     {base, "http://[", `url is not a URL; write one like "https://example.com/health"`},
		"a blank":       {base, "/x?q=a b", `url can't be asked for: it has a character that must be escaped in a URL, such as a blank or a quote behind the "?"; write urlencode(…) around what is put into it, or give it in query`},
		"blank in path": {base, "/a b?q=[c]", "https://api.example.com/v1/a%20b?q=[c]"},
		"without slash": {nil, "localhost:80", `url "localhost:80" has no scheme and host; write one like "https://example.com/health"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if u, err := (&client{base: test.base}).locate(test.url); err != nil {
				got = err.Error()
			} else {
				got = u.String()
			}
			if got != test.want {
				t.Errorf("got %s, expected %s", got, test.want)
			}
		})
	}
}

// TestQueryOfASecret: a secret with a byte that must not stand in what is asked for is not sent, and not told; escaped it is.
func TestQueryOfASecret(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		asked.Add(1)
		_, _ = fmt.Fprint(w, r.URL.Query().Get("q"))
	}))
	t.Cleanup(server.Close)
	for _, secret := range []string{"hunter2 42", "hunter2\"42", "hunter2\r\nX-Evil: 42", "hunter2\x0042", "hünter2"} {
		for _, method := range []string{"GET", "POST"} {
			_, err := do(t, nil, providertest.Values{"url": str(server.URL + "/x?q=" + secret), "method": str(method)}, false)
			if err == nil || asked.Load() > 0 || !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), "url can't be asked for") ||
				!strings.Contains(err.Error(), "urlencode(…)") || strings.Contains(err.Error(), "nter2") {
				t.Errorf("%s %q: asked %d times, %v", method, secret, asked.Load(), err)
			}
		}
		r, err := do(t, nil, providertest.Values{"url": str(server.URL + "/x?q=" + url.QueryEscape(secret))}, false)
		if err != nil || asked.Swap(0) != 1 || r.Value.GetAttr("body").AsString() != secret {
			t.Errorf("%q escaped: %v, %v", secret, r, err)
		}
	}
}

func TestBodies(t *testing.T) {
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s %s %s", r.Method, r.URL.RawQuery, r.Header.Get("Content-Type"), r.Header.Get("X-Who"), body)
	}))
	t.Cleanup(server.Close)
	config := providertest.Values{"headers": cty.MapVal(map[string]cty.Value{"x-who": str("config")})}
	for name, test := range map[string]struct {
		args providertest.Values
		want string
	}{
		"json": {providertest.Values{"json": cty.ObjectVal(map[string]cty.Value{"n": cty.NumberIntVal(1)}).Mark(provider.Sensitive)},
			`POST  application/json config {"n":1}`},
		"form": {providertest.Values{"form": cty.MapVal(map[string]cty.Value{"b": str("2 3"), "a": str("1")})},
			"POST  application/x-www-form-urlencoded config a=1&b=2+3"},
		"body":  {providertest.Values{"body": str("raw")}, "POST   config raw"},
		"query": {providertest.Values{"query": cty.MapVal(map[string]cty.Value{"q": str("a&b")})}, "POST a=1&q=a%26b  config "},
		"headers": {providertest.Values{"body": str("x"), "headers": cty.MapVal(map[string]cty.Value{
			"Content-Type": str("text/csv"), "X-WHO": str("step")})}, "POST  text/csv step x"},
	} {
		t.Run(name, func(t *testing.T) {
			at := server.URL
			if name == "query" {
				at += "?a=1"
			}
			test.args["url"], test.args["method"] = str(at), str("post")
			r, err := do(t, config, test.args, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, r.Value.GetAttr("body").AsString()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		contentType, body string
		json              cty.Value
		warnings          int
		text              string
	}{
		"json":         {"application/json", `{"a":1}`, cty.ObjectVal(map[string]cty.Value{"a": cty.NumberIntVal(1)}), 0, `{"a":1}`},
		"health+json":  {"application/health+json; charset=utf-8", `"ok"`, str("ok"), 0, `"ok"`},
		"undeclared":   {"text/plain", ` [1]`, cty.TupleVal([]cty.Value{cty.NumberIntVal(1)}), 0, " [1]"},
		"text":         {"text/plain", "12", cty.NullVal(cty.DynamicPseudoType), 0, "12"},
		"not json":     {"application/json", "<html>", cty.NullVal(cty.DynamicPseudoType), 1, "<html>"},
		"looks like":   {"text/html", "{{x}}", cty.NullVal(cty.DynamicPseudoType), 0, "{{x}}"},
		"two values":   {"application/json", `{}{}`, cty.NullVal(cty.DynamicPseudoType), 1, "{}{}"},
		"empty":        {"application/json", "", cty.NullVal(cty.DynamicPseudoType), 0, ""},
		"not unicode":  {"text/plain", "a\xffb", cty.NullVal(cty.DynamicPseudoType), 0, "a\uFFFDb"},
		"a split rune": {"text/plain", "0123456789é", cty.NullVal(cty.DynamicPseudoType), 0, "0123456789"},
		"cut json":     {"application/json", `["0123456789"]`, cty.NullVal(cty.DynamicPseudoType), 1, `["012345678`},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
				w.Header().Set("Content-Type", test.contentType)
				_, _ = io.WriteString(w, test.body)
			}))
			t.Cleanup(server.Close)
			r, err := do(t, nil, providertest.Values{"url": str(server.URL), "max_body_bytes": cty.NumberIntVal(11)}, false)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, r.Value.GetAttr("json"), test.json)
			equal(t, r.Value.GetAttr("body"), str(test.text))
			if len(r.Warnings) != test.warnings {
				t.Errorf("warnings %q", r.Warnings)
			}
		})
	}
}

func TestBodyBounds(t *testing.T) {
	for _, n := range []int64{-1, maxBodyBytes + 1, math.MaxInt64} {
		_, err := do(t, nil, providertest.Values{"url": str("http://127.0.0.1"), "max_body_bytes": cty.NumberIntVal(n)}, false)
		if err == nil || !strings.Contains(err.Error(), "max_body_bytes is") || !provider.Permanent(err) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestBadConfiguration(t *testing.T) {
	for name, test := range map[string]struct {
		config providertest.Values
		want   string
	}{
		"token":    {providertest.Values{"bearer_token": str("abc\n")}, "newline at its end"},
		"both":     {providertest.Values{"bearer_token": str("a"), "basic_auth": cty.ObjectVal(map[string]cty.Value{"username": str("u"), "password": str("p")})}, "exclude"},
		"header":   {providertest.Values{"headers": cty.MapVal(map[string]cty.Value{"a b": str("x")})}, `"a b" is not the name`},
		"ca":       {providertest.Values{"ca_file": str("/nowhere/ca.pem")}, "/nowhere/ca.pem"},
		"half key": {providertest.Values{"client_cert_file": str("/x")}, "belong together"},
		"proxy":    {providertest.Values{"proxy": str("nonsense")}, "proxy is not a URL"},
		"base":     {providertest.Values{"base_url": str("api.example.com")}, "base_url is not a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := do(t, test.config, providertest.Values{"url": str("/")}, false)
			if err == nil || !strings.Contains(err.Error(), test.want) || !provider.Permanent(err) {
				t.Errorf("got %v, expected %q", err, test.want)
			}
		})
	}
}

// A thousand checks must share a few connections.
func TestConnectionsAreReused(t *testing.T) {
	for _, parallel := range []int{16, 100} {
		var opened atomic.Int32
		server := httptest.NewUnstartedServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
			_, _ = io.WriteString(w, `{"status":"ok"}`)
		}))
		server.Config.ConnState = func(_ net.Conn, s nethttp.ConnState) {
			if s == nethttp.StateNew {
				opened.Add(1)
			}
		}
		server.Start()
		p := New()
		client, err := p.Open(t.Context(), provider.OpenRequest{MaxParallel: parallel})
		if err != nil {
			t.Fatal(err)
		}
		many(t, p, client, server.URL, parallel, 1000)
		if err := provider.Close(client); err != nil {
			t.Error(err)
		}
		server.Close()
		// One may break now and then on a busy machine and be replaced.
		if n := opened.Load(); int(n) > parallel+parallel/10 {
			t.Errorf("%d connections for 1000 requests, %d at once", n, parallel)
		}
	}
}

func many(t testing.TB, p *provider.Provider, client provider.Client, url string, parallel, total int) {
	action := p.Action("http_request")
	args := values(action.Spec().Args(), providertest.Values{"url": str(url)})
	work := make(chan struct{})
	var group sync.WaitGroup
	for range parallel {
		group.Go(func() {
			for range work {
				if _, err := action.Run(context.Background(), &provider.Call{Client: client, Args: args}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range total {
		work <- struct{}{}
	}
	close(work)
	group.Wait()
}

func BenchmarkRequest(b *testing.B) {
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok"}`)
	}))
	b.Cleanup(server.Close)
	b.Run("action", func(b *testing.B) {
		p := New()
		client, err := p.Open(b.Context(), provider.OpenRequest{MaxParallel: 16})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		many(b, p, client, server.URL, 16, b.N)
	})
	b.Run("net/http", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			answer, err := nethttp.Get(server.URL)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
	})
}
