package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/e82355ed/runbook/engine/provider"
)

// fail makes the error of an operation that did nothing, with what pgx would say replaced by what a person can use.
func (c *client) fail(op string, cause error) *provider.Error {
	return &provider.Error{Op: op, Endpoint: c.endpoint, Err: cause, NothingDone: true}
}

// refuse makes the error of an operation that can't go well, however often it is repeated.
func (c *client) refuse(op string, cause error) *provider.Error {
	e := c.fail(op, cause)
	e.Permanent = true
	return e
}

// hints say what to do about a SQLSTATE, see "PostgreSQL Error Codes" in its documentation.
var hints = map[string]string{
	"28P01": "Check the user and the password of the provider block, or PGPASSWORD and the password file.",
	"28000": "Check the user, and what pg_hba.conf lets in from here.",
	"3D000": "Check the database's name in the provider block.",
	"25006": "The statement runs in a READ ONLY transaction; postgres_exec is for changes.",
	"42501": "Grant the role what it needs; pg_monitor covers the server's statistics.",
	"42P01": "Check the name, its schema and the search_path of the role.",
	"42P18": "Cast the parameter so that its type is known: $1::int.",
	"53300": "The server has no connection left; lower max_connections of the provider block, or raise the server's.",
	"25001": "No transaction may hold this statement; add transaction = false to a postgres_exec of its own.",
	"57P03": "The server is starting up or shutting down; try again.",
}

// permanentClasses are the classes of SQLSTATE that repeating the same statement can't change.
var permanentClasses = map[string]bool{
	"0A": true, "22": true, "23": true, "25": true, "26": true, "28": true, "2B": true, "34": true, "3D": true,
	"3F": true, "42": true, "44": true,
}

// serverError tells what the server answered. sql gives the line of a position; empty for the provider's own.
func (c *client) serverError(op, sql string, e *pgconn.PgError) *provider.Error {
	text := fmt.Sprintf("SQLSTATE %s: %s", e.Code, e.Message)
	if e.Detail != "" {
		text += " (" + strings.TrimSuffix(e.Detail, ".") + ")"
	}
	if e.Position > 0 && sql != "" {
		line, column := position(sql, int(e.Position))
		text += fmt.Sprintf(" at line %d, column %d", line, column)
	}
	hint := hints[e.Code]
	switch {
	case e.Code == "42601" && strings.Contains(e.Message, "multiple commands"):
		hint = "Write one statement; a further one is a further step."
	case e.Code == "57014" && strings.Contains(e.Message, "statement timeout"):
		hint = "The statement ran into statement_timeout, of the provider block or of the role."
	case hint == "" && e.Hint != "":
		hint = e.Hint
	}
	return &provider.Error{
		Op: op, Endpoint: c.endpoint, Err: &serverCause{code: e.Code, text: c.secrets.scrub(text), began: !refusedAtOnce(e), fatal: !onlyAnError(e)}, Hint: c.secrets.scrub(hint),
		NothingDone: true, Permanent: permanentClasses[e.Code[:min(2, len(e.Code))]] || e.Code == "08P01",
	}
}

// serverCause is the server's answer, with its SQLSTATE for those who decide by it.
type serverCause struct {
	code, text string
	// began is false of a statement that surely did not begin. fatal ended more than the statement, and may follow its end.
	began, fatal bool
}

func (e *serverCause) Error() string { return e.text }

// sqlState gives the SQLSTATE of an error of this package, or an empty string.
func sqlState(err error) string {
	if cause, ok := errors.AsType[*serverCause](err); ok {
		return cause.code
	}
	return ""
}

// position turns the server's character count, from 1, into a line and a column.
func position(sql string, at int) (line, column int) {
	line, column = 1, 1
	for _, r := range sql {
		if at--; at < 1 {
			break
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	return line, column
}

// connectError tells why there is no connection. pgx's own text is dropped: it repeats settings and tells every
// attempt of every address.
func (c *client) connectError(op string, err error) *provider.Error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return c.serverError(op, "", e)
	}
	cause, hint := connectCause(err)
	e := c.fail(op, fmt.Errorf("connect to %s: %w", c.address, errors.New(c.secrets.scrub(cause))))
	e.Hint = hint
	return e
}

// connectCauses are tried in order.
var connectCauses = []struct {
	is         func(error) bool
	text, hint string
}{
	{func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }, "connection refused", "Check that the server runs and that host and port are right."},
	{func(err error) bool { return errors.Is(err, os.ErrNotExist) }, "there is no such socket", "Set host, or PGHOST."},
	{func(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) || timeout(err) }, "no answer in time", "Check the address, and firewalls on the way."},
	{func(err error) bool { return strings.Contains(innermost(err).Error(), "server refused TLS connection") }, "the server does not speak TLS", "Set sslmode to what the server offers."},
	{func(err error) bool {
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	}, "the server closed the connection before it was ready", "Check that PostgreSQL listens there, and its log."},
}

func timeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func connectCause(err error) (cause, hint string) {
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "TLS: " + e.Err.Error(), "Check sslmode, sslrootcert and the host's name."
	}
	if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "TLS: " + e.Error(), "Name the authority's file in sslrootcert."
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return "TLS: " + e.Error(), "Check the server's certificate."
	}
	for _, c := range connectCauses {
		if c.is(err) {
			return c.text, c.hint
		}
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return "look up " + e.Name + ": " + e.Err, "Check the host's name."
	}
	return innermost(err).Error(), ""
}

// innermost unwraps down to the cause that says it in the fewest words; of several attempts it takes the last, which
// under sslmode prefer is the one without TLS.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) > 0 {
			next = joined.Unwrap()[len(joined.Unwrap())-1]
		}
		if next == nil {
			return err
		}
		err = next
	}
}
