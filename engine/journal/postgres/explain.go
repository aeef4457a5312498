package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider/neterr"
)

// badURL says what is wrong with an address that can't be used. The driver repeats the address, whose password it may not
// recognise when the rest is wrong; of what it says of TLS alone no part is the password.
func badURL(err error) error {
	if cause := errors.Unwrap(err); cause != nil && strings.Contains(err.Error(), ": failed to configure TLS (") {
		return fmt.Errorf("TLS can't be set up as --store says: %w; check sslmode, sslrootcert, sslcert and sslkey there, and the PGSSL… variables", cause)
	}
	return errors.New("--store is not a valid PostgreSQL URL: write postgres://user@host:5432/database, with special characters " +
		"of a password as %XX, or leave the password to PGPASSWORD or ~/.pgpass")
}

// hints say what to do about a refusal.
var hints = map[string]string{
	"28P01":        "check the user and the password (PGPASSWORD, ~/.pgpass)",
	"28000":        "check the user, and what the server's pg_hba.conf lets in",
	"3D000":        "make the database, or name another",
	"42501":        "an administrator has to grant it, see the guide on the history of runs",
	"57P03":        "try again in a moment",
	"53300":        "try again when others have ended",
	readOnly:       "a standby, or default_transaction_read_only: name the primary, or have an administrator turn it off",
	duplicateTable: "the schema holds tables that this program did not make so: name another database, or have an administrator look at it",
}

// plain says once and in words what a driver tells of the connection, with what to do. The endpoint stands before it, and
// the password nowhere.
func (s *store) plain(err error) error {
	var refusal *pgconn.PgError
	switch {
	case isCode(err, diskFull):
		return fmt.Errorf("%w: %w", s.hidden(err), journal.ErrNoSpace)
	case errors.As(err, &refusal):
		if hint := hints[refusal.Code]; hint != "" {
			return fmt.Errorf("%s; %s", s.hide(refusal.Message), hint)
		}
		if !isConnect(err) {
			return s.hidden(err)
		}
		return errors.New(s.hide(refusal.Message))
	case isConnect(err), passing(err):
		text := neterr.Text(err)
		if _, reason, dialed := strings.Cut(strings.TrimPrefix(text, "connect to "), ": "); dialed && strings.HasPrefix(text, "connect to ") {
			text = reason // the address is named already
		}
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errSilent) {
			text = errSilent.Error()
		}
		return fmt.Errorf("%s; %s", s.hide(text), connectHint(err))
	}
	return s.hidden(err)
}

// hide keeps the password out of what a driver says.
func (s *store) hide(text string) string {
	if s.secret == "" {
		return text
	}
	return strings.ReplaceAll(text, s.secret, "(sensitive)")
}

func (s *store) hidden(err error) error {
	if text := err.Error(); s.hide(text) != text {
		return errors.New(s.hide(text))
	}
	return err
}

// connectHint says what to do where there is no connection.
func connectHint(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "name the host as its certificate does, and check that this is the server's address"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "name the file of the server's authority with sslrootcert=FILE in the URL or in PGSSLROOTCERT"
	}
	if strings.Contains(err.Error(), "server refused TLS connection") { // the driver has no type for it
		return "have TLS turned on there; sslmode=disable goes without, where the network can be trusted with the password"
	}
	return "check that the server runs and that this is its address"
}
