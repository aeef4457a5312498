package http

import (
	"context"
	"fmt"
	nethttp "net/http"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// keyHeaders tell a server that two requests are the same write: the one of draft-ietf-httpapi-idempotency-key-header,
// and its elder that net/http knows too.
var keyHeaders = []string{"Idempotency-Key", "X-Idempotency-Key"}

// sentNote is kept before a write is sent. Whoever reads the journal can look for it in the server's log. A key of the
// author's is left out: it may be sensitive.
type sentNote struct {
	Method         string `json:"method"`
	Endpoint       string `json:"endpoint"`
	IdempotencyKey string `json:"idempotency_key,omitempty"`
}

// stamp gives a write its key, unless the author has set one or wants none.
func stamp(r *nethttp.Request, in *provider.In[*client, requestArgs]) (shown string) {
	key, own := in.Key, false
	if in.Set("idempotency_key") {
		key, own = in.Args.IdempotencyKey, true
	}
	if key != "" && !hasKey(r.Header) {
		r.Header.Set(keyHeaders[0], structuredString(key))
		if !own {
			shown = key
		}
	}
	if !in.Args.Idempotent {
		hideKey(r.Header)
	}
	return shown
}

func hasKey(h nethttp.Header) bool {
	for _, name := range keyHeaders {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// hideKey spells the headers in lower case, which is the same to a server. Under its canonical name net/http takes
// Idempotency-Key as leave to send a request a second time when a connection breaks, which only the author can give.
func hideKey(h nethttp.Header) {
	for _, name := range keyHeaders {
		if values, ok := h[name]; ok {
			delete(h, name)
			h[strings.ToLower(name)] = values
		}
	}
}

// structuredString writes a String of RFC 9651, 3.3.3, as the draft wants the key. What is not printable ASCII is
// written as in URLs.
func structuredString(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, b := range []byte(text) {
		switch {
		case b == '"' || b == '\\':
			out.WriteByte('\\')
			out.WriteByte(b)
		case b < ' ' || b > '~':
			fmt.Fprintf(&out, "%%%02X", b)
		default:
			out.WriteByte(b)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// inquire can ask nobody: HTTP has no question for "did you get it?". It knows what the author has promised.
func inquire(_ context.Context, in *provider.In[*client, requestArgs], sent provider.Sent) (*provider.Finding[requestResult], error) {
	what := strings.ToUpper(in.Args.Method)
	if u, err := in.Client.locate(in.Args.URL); err == nil {
		what += " " + withoutQuery(u)
	}
	if in.Args.Idempotent {
		return &provider.Finding[requestResult]{State: provider.Repeatable,
			Why: fmt.Sprintf("Nobody knows whether the server got %s at %s; the author of the step says with idempotent = true that it carries it out once, however often it comes.",
				what, provider.Moment(sent.At))}, nil
	}
	return &provider.Finding[requestResult]{
		Why: fmt.Sprintf("The server may have got %s at %s; HTTP has no way to ask whether it did.", what, provider.Moment(sent.At)),
	}, nil
}
