package http

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	nethttp "net/http"
	"net/url"

	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/httpclient"
	"github.com/e82355ed/runbook/engine/provider/neterr"
)

type requestArgs struct {
	URL             string            `rb:"url,required,place" check:"url" doc:"Where to; a path is joined to the provider's base_url."`
	Method          string            `rb:"method" default:"GET" check:"http_method" doc:"Method of the request; any case. GET, HEAD and OPTIONS are reads; POST, PUT and PATCH writes; others destructive."`
	Query           map[string]string `rb:"query" doc:"Parameters added to those of the URL."`
	Headers         map[string]string `rb:"headers" check_keys:"http_header" doc:"Headers added to the provider's; they win."`
	Body            string            `rb:"body" doc:"Body, sent as it is."`
	JSON            cty.Value         `rb:"json" doc:"Body, sent as JSON with its content type."`
	Form            map[string]string `rb:"form" doc:"Body, sent as an HTML form with its content type."`
	ExpectedStatus  []int             `rb:"expected_status" check:"http_status" doc:"Statuses that are as they should be; without it all below 400. Others fail the step, and 408, 502, 503, 504, 520, 522 and 524 leave a write in doubt."`
	FollowRedirects bool              `rb:"follow_redirects" default:"true" doc:"Follow redirects, ten at most; a write is not sent to another origin."`
	IdempotencyKey  string            `rb:"idempotency_key" doc:"Key of a write in the header Idempotency-Key; by default one of the run and the step, the same for each attempt, also at one in doubt. Empty: none."`
	Idempotent      bool              `rb:"idempotent" doc:"The server does the same request once, however often it comes, by its key or by its nature: after a crash it is sent again without a question."`
	MaxBodyBytes    int64             `rb:"max_body_bytes" default:"1048576" check:"http_body_bytes" doc:"At most so much of the answer's body is read; at most 1 GiB."`
}

type requestResult struct {
	StatusCode    int               `rb:"status_code" doc:"Status of the answer."`
	Headers       map[string]string `rb:"headers" check_keys:"http_header" doc:"Headers of the answer by lower-case name; several of a name are joined with commas."`
	Body          string            `rb:"body" doc:"Body of the answer as text."`
	JSON          cty.Value         `rb:"json" doc:"Body decoded; null when it is not JSON."`
	Truncated     bool              `rb:"truncated" doc:"Whether the body is longer than max_body_bytes."`
	LatencyMS     float64           `rb:"latency_ms" doc:"From the request's last byte to the answer's first, of the last request where redirects were followed."`
	Timing        timing            `rb:"timing" doc:"Where the time went."`
	RemoteAddress string            `rb:"remote_address" doc:"Address of the server, or proxy, that answered."`
	URL           string            `rb:"url" doc:"URL that answered, after redirects."`

	asked  string // method and URL of what was answered, without its query
	status string // with its text: "404 Not Found"
	size   int    // of the body, in bytes
	// refused is the origin to which a write was redirected, and not sent.
	refused string
	// write says that what was sent may change something; before that an attempt at it had no end, and nobody has judged it since;
	// declined that the service would not do it.
	write, before, declined bool
}

func request() provider.Action {
	return provider.Define(provider.Definition[*client, requestArgs, requestResult]{
		Name: "http_request", Doc: "Sends an HTTP request and gives the answer, whatever its status.",
		Effect:    provider.Destructive,
		AtMostOne: [][]string{{"body", "json", "form"}},
		Classify:  classify, EffectArgs: []string{"method", "headers"}, Target: requestTarget, Message: isMessage,
		Because: because, Instead: "GET, HEAD and OPTIONS are reads",
		Run: send, NotesFirst: true, Expect: expect, Inquire: inquire,
		ChangedNothing: func(r *requestResult) bool { return r.declined },
		Summarize: func(r *requestResult) string {
			return fmt.Sprintf("%s, %s", r.status, size(r.size, r.Truncated))
		},
	})
}

// classify goes by the method. An unknown one may do anything, and so may one that a header puts in its place.
func classify(args *requestArgs, known provider.Known) provider.Effect {
	switch method := strings.ToUpper(args.Method); {
	case !known("method"), known("headers") && httpclient.Overrides(args.Headers):
		return provider.Destructive
	case httpclient.Safe(method):
		return provider.Read
	case slices.Contains([]string{nethttp.MethodPost, nethttp.MethodPut, nethttp.MethodPatch}, method):
		return provider.Write
	}
	return provider.Destructive
}

// because names the method, or the header that stands for one.
func because(args *requestArgs, known provider.Known) string {
	if known("headers") {
		for _, name := range slices.Sorted(maps.Keys(args.Headers)) {
			if httpclient.Overrides(map[string]string{name: ""}) {
				return fmt.Sprintf("http_request has header %s, which puts another method in the place of %s; leave it out", name, strings.ToUpper(args.Method))
			}
		}
	}
	if !known("method") {
		return "the method of http_request is not known before the run, and may be any"
	}
	return fmt.Sprintf("http_request sends method %s, which may change something", strings.ToUpper(args.Method))
}

func requestTarget(args *requestArgs) string {
	u, err := url.Parse(args.URL)
	if err != nil || u.Host == "" {
		return "" // joined to the provider's base_url, which is its target
	}
	return httpclient.Origin(u)
}

// isMessage goes by the URL: a path is joined to the provider's base_url, also one of which only the beginning is known yet.
func isMessage(args cty.Value) bool {
	to := args.GetAttr("url")
	if to.IsNull() {
		return false
	}
	text := to.Range().StringPrefix()
	if to.IsKnown() {
		text = to.AsString()
	}
	u, err := url.Parse(text)
	begins := len(text) > 1 && text[0] == '/' && text[1] != '/' // and so can't become another host's
	return err == nil && u.Scheme == "" && u.Host == "" && (to.IsKnown() || begins)
}

func send(ctx context.Context, in *provider.In[*client, requestArgs]) (*requestResult, error) {
	c, args := in.Client, in.Args
	method := strings.ToUpper(args.Method)
	failed := &provider.Error{Op: method, NothingDone: true, Permanent: true}
	u, err := c.locate(args.URL)
	if err != nil {
		failed.Err = err
		return nil, failed
	}
	failed.Op, failed.Endpoint = method+" "+cmp.Or(u.EscapedPath(), "/"), httpclient.Origin(u)
	trace := newTrace()
	r, err := c.prepare(trace.attach(ctx), method, u, in)
	if err != nil {
		failed.Err = err
		return nil, failed
	}
	write := in.Effect != provider.Read || !httpclient.Safe(method)
	if write {
		note := sentNote{Method: method, Endpoint: failed.Endpoint, IdempotencyKey: stamp(r, in)}
		if err := in.Note(note); err != nil {
			failed.Err = fmt.Errorf("not sent: %w", err)
			return nil, failed
		}
	}
	hops := &redirects{follow: args.FollowRedirects, write: write, warn: in.Warn}
	answer, err := c.sender(in, hops).Do(r)
	if err != nil {
		return nil, explain(ctx, failed, err, trace)
	}
	defer func() { _ = answer.Body.Close() }() // what was wanted of it has been read
	result, err := read(answer, args.MaxBodyBytes, in.Host, in.Warn)
	if err != nil {
		failed.Op += ": read the answer"
		return nil, explain(ctx, failed, err, trace)
	}
	trace.fill(result)
	result.refused, result.write, result.before = hops.refused, write, in.Earlier != nil && !in.Earlier.Judged
	result.declined = write && !result.before && declines(args, result.StatusCode)
	return result, nil
}

// declines reports whether a status says that the service did not do what it was asked for, as it found fault with that (RFC 9110,
// section 15.5). One that the step expects says what its author takes it for.
func declines(args *requestArgs, status int) bool {
	return status >= 400 && status < 500 && !slices.Contains(fromBetween, status) && !slices.Contains(args.ExpectedStatus, status)
}

// sender is a client for one request. What a read sends is held to be one, whether or not the run is read-only.
func (c *client) sender(in *provider.In[*client, requestArgs], hops *redirects) *nethttp.Client {
	var transport nethttp.RoundTripper = c.transport
	switch {
	case c.readOnly || in.ReadOnly:
		transport = httpclient.ReadOnly(c.transport)
	case in.Effect == provider.Read:
		transport = httpclient.Guard(c.transport, errNotRead)
	}
	return &nethttp.Client{Transport: transport, CheckRedirect: hops.check}
}

// errNotRead is for what a plan has shown as a read, and is none.
var errNotRead = errors.New("the step is a read; if this is meant, say effect = \"write\" in the step")

// explain tells what went wrong, where, and whether the service can have done anything.
func explain(ctx context.Context, failed *provider.Error, err error, trace *trace) error {
	failed.Permanent = false
	failed.NothingDone = !trace.sent()
	failed.Err = neterr.Explain(ctx, err, trace.doing())
	switch text := failed.Err.Error(); {
	case errors.Is(err, provider.ErrReadOnly), errors.Is(err, errNotRead):
		// Reads alone may have come before it.
		failed.NothingDone, failed.Permanent = true, true
	case strings.HasPrefix(text, "certificate not trusted"):
		failed.Permanent = true
		failed.Hint = "If an authority of your own signed it, name its file as ca_file in the provider block."
	case strings.HasPrefix(text, "certificate "):
		failed.Permanent = true
	}
	return failed
}

// expect compares the status.
func expect(args *requestArgs, r *requestResult) *provider.Failure {
	failure := unexpected(args, r)
	switch {
	case failure == nil || !r.write:
	case slices.Contains(fromBetween, r.StatusCode):
		failure.InDoubt = true
		failure.Message += " A gateway may say so of a service that has done it, or is about to."
	case r.before && !args.Idempotent: // else the server takes both for one
		failure.InDoubt = true
		failure.Message += " An attempt before had no answer, and this one does not tell what became of it."
	}
	return failure
}

func unexpected(args *requestArgs, r *requestResult) *provider.Failure {
	expected := "below 400"
	if r.refused != "" && !slices.Contains(args.ExpectedStatus, r.StatusCode) {
		return &provider.Failure{Message: fmt.Sprintf(
			"Status %s from %s: it redirects to %s, and a write is not sent to another origin; name that URL if it is the right one.",
			r.status, r.asked, r.refused)}
	}
	if len(args.ExpectedStatus) > 0 {
		if slices.Contains(args.ExpectedStatus, r.StatusCode) {
			return nil
		}
		expected = strings.Trim(strings.ReplaceAll(fmt.Sprint(args.ExpectedStatus), " ", ", "), "[]")
	} else if r.StatusCode < 400 {
		return nil
	}
	return &provider.Failure{
		Message: fmt.Sprintf("Status %s from %s, expected %s.", r.status, r.asked, expected),
		Detail:  start(r.Body),
	}
}

// fromBetween are the statuses of what stands before a service (408 also of one that gave up waiting): that it did not get an answer, or
// not in time, does not say that the service did nothing. 503 is among them with and without Retry-After: proxies say it as well of a
// connection that broke after the request was sent, and the answer does not tell which it was. 520, 522 and 524 are Cloudflare's. 429 is a
// refusal before anything is done, and 500 the word of the service itself.
var fromBetween = []int{
	nethttp.StatusRequestTimeout, nethttp.StatusBadGateway, nethttp.StatusServiceUnavailable, nethttp.StatusGatewayTimeout, 520, 522, 524,
}
