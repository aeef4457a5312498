package http

import (
	"fmt"
	nethttp "net/http"
	"net/url"

	"github.com/e82355ed/runbook/engine/provider/httpclient"
)

const maxRedirects = 10

// redirects decides about the redirects of one request.
type redirects struct {
	follow bool
	// write is true for a request that changes something: it is not sent to a server that the author did not name.
	write bool
	warn  func(string, ...any)
	// away is true once another origin was redirected to: from then on nothing that was set on purpose is sent.
	away bool
	// refused is the origin that a write was redirected to.
	refused string
}

// check is a CheckRedirect of net/http.
func (d *redirects) check(next *nethttp.Request, via []*nethttp.Request) error {
	if !d.follow {
		return nethttp.ErrUseLastResponse
	}
	first, last := via[0], via[len(via)-1]
	if len(via) >= maxRedirects {
		return fmt.Errorf("stopped after %d redirects, the last to %s", maxRedirects, httpclient.Origin(next.URL))
	}
	other := httpclient.Origin(next.URL) != httpclient.Origin(first.URL)
	if d.write && other && next.Method == first.Method { // 307 and 308 repeat the request, body and all
		d.refused = httpclient.Origin(next.URL)
		return nethttp.ErrUseLastResponse
	}
	if d.write && next.Method != last.Method && next.Response.StatusCode != nethttp.StatusSeeOther {
		d.warn("%s was answered with a redirect (%d) and went on as %s %s: it may not have taken place; name that URL, or set follow_redirects = false",
			last.Method, next.Response.StatusCode, next.Method, withoutQuery(next.URL))
	}
	if d.away = d.away || other; d.away {
		for name := range next.Header {
			if name != "Content-Type" && name != "User-Agent" && name != "Accept" {
				delete(next.Header, name)
			}
		}
		next.Host = ""
	}
	return nil
}

// withoutQuery is a URL without what may be secret in it.
func withoutQuery(u *url.URL) string { return httpclient.Origin(u) + u.EscapedPath() }
