package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/e82355ed/runbook/engine/provider"
)

// fail makes the error of an operation that did nothing.
func (c *client) fail(op string, cause error) *provider.Error {
	return &provider.Error{Op: op, Endpoint: c.endpoint, Err: cause, NothingDone: true}
}

// refuse makes the error of an operation that can't go well, however often it is repeated.
func (c *client) refuse(op string, cause error) *provider.Error {
	e := c.fail(op, cause)
	e.Permanent = true
	return e
}

// replies tells what to make of a server's error by its first word. An error that is not passing is permanent.
var replies = map[string]struct {
	hint    string
	passing bool
}{
	"WRONGPASS":   {hint: "Check the user name and the password of the provider block, or of REDIS_URL."},
	"NOAUTH":      {hint: "The server wants a password: set it in the provider block, or in REDIS_URL."},
	"NOPERM":      {hint: "Grant the user the command, with ACL SETUSER."},
	"WRONGTYPE":   {hint: "Ask for the key's type with TYPE, then use that type's commands."},
	"MOVED":       {hint: "The server belongs to a cluster: set mode = \"cluster\"."},
	"DENIED":      {hint: "The server runs in protected mode: it lets nobody in from elsewhere without a password."},
	"LOADING":     {passing: true, hint: "The server is loading its data; try again."},
	"BUSY":        {passing: true, hint: "The server runs a script that does not end; SCRIPT KILL stops it."},
	"MASTERDOWN":  {passing: true, hint: "The replica has lost its primary and serves no stale data."},
	"CLUSTERDOWN": {passing: true, hint: "The cluster does not serve all slots; look at CLUSTER INFO."},
	"TRYAGAIN":    {passing: true},
	"READONLY":    {passing: true},
	"OOM":         {passing: true},
}

// explain tells what went wrong with a command in words that hold no credentials.
func (c *client) explain(op string, err error) *provider.Error {
	if e, ok := errors.AsType[*provider.Error](err); ok {
		return e
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		return c.refuse(op, refused)
	}
	if asked, ok := errors.AsType[*askError](err); ok {
		e := c.explain(op, asked.cause)
		if strings.HasPrefix(e.Err.Error(), "NOPERM") {
			e.Err = fmt.Errorf("ask whether %s reads, with COMMAND INFO: %w", asked.command, e.Err)
		}
		return e
	}
	if reply, ok := errors.AsType[redis.Error](err); ok {
		word, _, _ := strings.Cut(reply.Error(), " ")
		known := replies[word]
		e := c.fail(op, errors.New(c.scrub(reply.Error())))
		e.Hint, e.Permanent = known.hint, !known.passing
		return e
	}
	return c.connectionError(op, err)
}

// causes are tried in order.
var causes = []struct {
	is         func(error) bool
	text, hint string
}{
	{func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }, "connection refused", "Check that the server runs and that host and port are right."},
	{func(err error) bool { return errors.Is(err, os.ErrNotExist) }, "there is no such socket", "Check the path in the URL."},
	{func(err error) bool { return errors.Is(err, errNoPrimary) }, errNoPrimary.Error(), "Check master_name of the provider block."},
	{timeout, "no answer in time", "Check the address, and firewalls on the way."},
	{func(err error) bool {
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	}, "the server closed the connection before it answered", "Check that Redis listens there, whether it wants TLS, and its log."},
	{func(err error) bool { return errors.Is(err, redis.ErrClosed) }, "the client is closed", ""},
	{func(err error) bool { return errors.As(err, new(tls.RecordHeaderError)) }, "the server does not speak TLS", "Leave tls out, or write redis:// instead of rediss://."},
}

// connectionError tells why there is no connection, or why it ended.
func (c *client) connectionError(op string, err error) *provider.Error {
	where := "talk to " + c.endpoint
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		where = "connect to " + c.endpoint
		if dial.Addr != nil {
			where = "connect to " + dial.Addr.String()
		}
	}
	cause, hint := connectionCause(err)
	e := c.fail(op, fmt.Errorf("%s: %s", where, c.scrub(cause)))
	e.Hint = hint
	return e
}

func connectionCause(err error) (cause, hint string) {
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "TLS: " + e.Err.Error(), "Check the host's name, and name the authority's file in ca_file."
	}
	for _, c := range causes {
		if c.is(err) {
			return c.text, c.hint
		}
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return "look up " + e.Name + ": " + e.Err, "Check the host's name."
	}
	return err.Error(), ""
}

func timeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// scrub blanks the passwords out of a text.
func (c *client) scrub(text string) string {
	for _, secret := range c.secrets {
		text = strings.ReplaceAll(text, secret, "(sensitive)")
	}
	return text
}
