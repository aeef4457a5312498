package postgres

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/journal"
)

// as is a database's address for another user, whom it makes, with a password that no error may hold.
func as(t *testing.T, address, user string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := user + strings.TrimPrefix(u.Path, "/")
	ctx := context.Background()
	exec(t, address, "CREATE ROLE "+name+" LOGIN PASSWORD '"+hiddenWord+"'", 0)
	t.Cleanup(func() { // before the database goes
		conn, err := pgx.Connect(ctx, address)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := conn.Exec(ctx, "DROP OWNED BY "+name+"; DROP ROLE "+name); err != nil {
			t.Error(err)
		}
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	u.User = url.UserPassword(name, hiddenWord)
	return u.String()
}

const hiddenWord = "not-to-be-told-1"

// with changes an address.
func with(t *testing.T, address string, change func(u *url.URL, query url.Values)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	change(u, query)
	u.RawQuery = query.Encode()
	return u.String()
}

// TestRefused: a store that can't be used says at once which it is, why, and what to do, and never the password.
func TestRefused(t *testing.T) {
	address := database(t)
	low := as(t, address, "low_")
	set := func(key, value string) func(*url.URL, url.Values) {
		return func(_ *url.URL, query url.Values) { query.Set(key, value) }
	}
	noFile := t.TempDir() + "/ca.crt"
	off := plainServer(t)
	for name, c := range map[string]struct {
		address string
		access  journal.Access
		words   []string
	}{
		"no rights":   {low, journal.ReadWrite, []string{"permission denied for database", "an administrator has to grant it"}},
		"no database": {with(t, low, func(u *url.URL, _ url.Values) { u.Path = "/nowhere_at_all" }), journal.ReadOnly, []string{`"nowhere_at_all" does not exist`, "make the database"}},
		"password":    {with(t, low, func(u *url.URL, _ url.Values) { u.User = url.UserPassword(u.User.Username(), hiddenWord+"x") }), journal.ReadWrite, []string{"password authentication failed", "PGPASSWORD"}},
		"no writes":   {with(t, low, set("default_transaction_read_only", "on")), journal.ReadWrite, []string{"it takes no writes", "default_transaction_read_only is on", "turn it off"}},
		"authority":   {with(t, low, set("sslmode", "verify-full")), journal.ReadWrite, []string{"certificate not trusted", "sslrootcert=FILE"}},
		"without TLS": {with(t, low, func(u *url.URL, query url.Values) { u.Host = off; query.Set("sslmode", "verify-full") }), journal.ReadWrite, []string{"server refused TLS", "have TLS turned on"}},
		"missing file": {with(t, low, func(_ *url.URL, query url.Values) {
			query.Set("sslmode", "verify-full")
			query.Set("sslrootcert", noFile)
		}), journal.ReadWrite, []string{noFile, "no such file", "check sslmode"}},
		"no such mode": {with(t, low, set("sslmode", "sometimes")), journal.ReadWrite, []string{"sslmode is invalid"}},
		"not a port":   {strings.Replace(low, "@127.0.0.1:", "@127.0.0.1:x", 1), journal.ReadWrite, []string{"not a valid PostgreSQL URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			j, err := Open(t.Context(), c.address, c.access)
			if err == nil {
				t.Fatalf("it is opened: %v", j.Close())
			}
			if took := time.Since(began); took > patience/2 {
				t.Errorf("it took %v", took)
			}
			for _, word := range c.words {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("it does not say %q: %v", word, err)
				}
			}
			if strings.Contains(err.Error(), hiddenWord) {
				t.Errorf("it tells the password: %v", err)
			}
		})
	}
}

// plainServer is a PostgreSQL that speaks no TLS, as far as that gets.
func plainServer(t *testing.T) string {
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
				return // it was closed
			}
			var request [8]byte
			if _, err := io.ReadFull(c, request[:]); err == nil && binary.BigEndian.Uint32(request[4:]) == 80877103 { // SSLRequest
				_, _ = c.Write([]byte("N"))
			}
			_ = c.Close()
		}
	}()
	return listener.Addr().String()
}

// TestStrangeSchema: a schema that is not as this program leaves it is told, and left alone; where names are looked for does
// not matter.
func TestStrangeSchema(t *testing.T) {
	address := database(t)
	elsewhere := with(t, address, func(_ *url.URL, query url.Values) { query.Set("search_path", "nowhere") })
	j := open(t, elsewhere, journal.ReadWrite)
	if err := j.Append(t.Context(), "01A", []journal.Entry{started("01A")}); err != nil {
		t.Fatal(err)
	}
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if runs, err := open(t, elsewhere, journal.ReadOnly).Runs(t.Context(), journal.Filter{}); err != nil || len(runs) != 1 {
		t.Errorf("with another search_path: %v, %v", runs, err)
	}
	for _, c := range []struct{ change, words string }{
		{"UPDATE runbook.layout SET version = 99", "made by a newer version of runbook (layout 99"},
		{"UPDATE runbook.layout SET version = 0", "name another database"},
		{"DELETE FROM runbook.layout", "its table runbook.layout is empty"},
	} {
		exec(t, address, c.change, 1)
		if j, err := Open(t.Context(), address, journal.ReadWrite); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v, %v", c.change, j, err)
		}
		exec(t, address, "SELECT 1 FROM runbook.runs", 1)
	}
}

// TestSessionsKilled: an administrator who ends the connections of a run does not end the run.
func TestSessionsKilled(t *testing.T) {
	address := database(t)
	j := open(t, address, journal.ReadWrite)
	const last = 20
	for seq := int64(1); seq <= last; seq++ {
		e := finished("01A", seq)
		if seq == 1 {
			e = started("01A")
		}
		if err := j.Append(t.Context(), "01A", []journal.Entry{e}); err != nil {
			t.Fatal(err)
		}
		kill(t, address)
		if err := j.Sync(t.Context()); err != nil {
			t.Fatalf("after event %d: %v", seq, err)
		}
	}
	var n int64
	for _, err := range j.Events(t.Context(), "01A") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != last {
		t.Errorf("%d events, expected %d", n, last)
	}
}

func kill(t *testing.T, address string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(ctx); err != nil {
		t.Fatal(err)
	}
}
