package prometheus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
)

// explain tells why a request to the server gave nothing.
func (c *client) explain(ctx context.Context, op string, err error) error {
	failed := &provider.Error{Op: op, Endpoint: c.endpoint}
	answered, ok := errors.AsType[*v1.Error](err)
	if !ok || ctx.Err() != nil {
		failed.Err = neterr.Explain(ctx, err, "waiting for the answer")
		failed.Permanent = errors.Is(err, errNotAsking)
		if strings.HasPrefix(failed.Err.Error(), "certificate not trusted") {
			failed.Hint = "If an authority of your own signed it, name its file as ca_file in the provider block."
		}
		return failed
	}
	failed.Err = errors.New(answered.Msg)
	switch answered.Type {
	case v1.ErrBadData:
		failed.Permanent = true
	case v1.ErrBadResponse:
		failed.Err = fmt.Errorf("the answer is not one of Prometheus: %s", answered.Msg)
		failed.Hint = "Is the url that of a Prometheus server?"
	case v1.ErrClient:
		failed.Err = fmt.Errorf("the server refused the request: %s%s", answered.Msg, start(answered.Detail))
		failed.Permanent = true
		for _, status := range []string{"401", "403"} {
			if strings.Contains(answered.Msg, status) {
				failed.Hint = "Check bearer_token, basic_auth or headers in the provider block."
			}
		}
	case v1.ErrServer:
		failed.Err = fmt.Errorf("%s%s", answered.Msg, start(answered.Detail))
	}
	return failed
}

// start is the first line of what a server, or a proxy before it, wrote.
func start(detail string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(detail), "\n")
	switch {
	case line == "" || strings.HasPrefix(line, "<"):
		return "" // a page for a browser
	case len(line) > 200:
		line = strings.ToValidUTF8(line[:200], "") + " …"
	}
	return " (" + line + ")"
}

// wrong is an argument that can't be carried out.
func wrong(op string, format string, args ...any) error {
	return &provider.Error{Op: op, Err: fmt.Errorf(format, args...), NothingDone: true, Permanent: true}
}
