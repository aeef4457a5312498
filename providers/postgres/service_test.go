package postgres_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// Without a block, the PG* variables and the password file say where to connect.
func TestSurroundings(t *testing.T) {
	u, password := labURL(t)
	passwords := filepath.Join(t.TempDir(), "pgpass")
	line := fmt.Sprintf("%s:%s:*:%s:%s\n", u.Hostname(), u.Port(), u.User.Username(), password)
	if err := os.WriteFile(passwords, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	s := connect(t, nil, map[string]string{
		"PGHOST": u.Hostname(), "PGPORT": u.Port(), "PGUSER": u.User.Username(), "PGPASSFILE": passwords,
		"PGDATABASE": strings.TrimPrefix(u.Path, "/"), "PGSSLMODE": "disable",
	})
	r, err := s.run("postgres_ping", nil, provider.Read)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Value.GetAttr("user").AsString(); got != u.User.Username() {
		t.Errorf("user is %q", got)
	}
}

func TestTLS(t *testing.T) {
	verified := pt.Lab(t, "LAB_DATABASE_TLS_URL")
	s := connect(t, block(verified), nil)
	r, err := s.run("postgres_query", sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), provider.Read)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Value.GetAttr("rows").Index(cty.Zero).GetAttr("ssl").True() {
		t.Error("the connection is not encrypted")
	}
	u, _ := labURL(t)
	plain := *u
	plain.RawQuery = "sslmode=verify-full"
	_, err = connect(t, block(plain.String()), nil).run("postgres_ping", nil, provider.Read)
	if err == nil || !strings.Contains(err.Error(), "TLS: x509") || !strings.Contains(err.Error(), "sslrootcert") {
		t.Errorf("error is %v", err)
	}
}

func TestRefusedByTheServer(t *testing.T) {
	u, _ := labURL(t)
	other := *u
	other.Path = "/no_such_database"
	_, err := connect(t, block(other.String()), nil).run("postgres_ping", nil, provider.Read)
	if err == nil || !strings.Contains(err.Error(), "SQLSTATE 3D000") || !provider.Permanent(err) {
		t.Errorf("error is %v", err)
	}
}

// Of the attempts with and without TLS, the one that tells something is told.
func TestWrongKindOfServer(t *testing.T) {
	u, _ := labURL(t)
	for mode, want := range map[string]string{"disable": "not in hot standby mode", "prefer": "not in hot standby mode"} {
		other := *u
		other.RawQuery = "target_session_attrs=standby&sslmode=" + mode
		_, err := connect(t, block(other.String()), nil).run("postgres_ping", nil, provider.Read)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("sslmode %s: error is %v", mode, err)
		}
	}
}

// The template database is as empty as one can be: no extension, no table.
func TestEmptyDatabase(t *testing.T) {
	u, err := url.Parse(pt.Lab(t, "LAB_DATABASE_SUPERUSER_URL"))
	if err != nil {
		t.Fatal("LAB_DATABASE_SUPERUSER_URL is not a URL")
	}
	u.Path = "/postgres"
	s := connect(t, block(u.String()), nil)
	_, err = s.run("postgres_slow_queries", nil, provider.Read)
	if err == nil || !strings.Contains(err.Error(), "CREATE EXTENSION pg_stat_statements") || !provider.Permanent(err) {
		t.Errorf("slow queries without the extension: %v", err)
	}
	r, err := s.run("postgres_size", nil, provider.Read)
	if err != nil || r.Value.GetAttr("tables").LengthInt() != 0 {
		t.Errorf("size without tables: %#v, %v", r, err)
	}
}

func TestSizeOfAnotherDatabase(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, block(u.String()), nil)
	r, err := s.run("postgres_size", pt.Values{"database": cty.StringVal("postgres")}, provider.Read)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Value.GetAttr("tables").IsNull() || number(r.Value.GetAttr("size_bytes")) < 1<<20 {
		t.Errorf("result is %#v", r.Value)
	}
	if _, err = s.run("postgres_size", pt.Values{"database": cty.StringVal("no_such")}, provider.Read); err == nil || !strings.Contains(err.Error(), "3D000") {
		t.Errorf("error is %v", err)
	}
}

// A connection that the server ended is replaced.
func TestServerEndsConnection(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, pt.Values{"url": cty.StringVal(u.String()), "max_connections": cty.NumberIntVal(1)}, nil)
	_, err := s.run("postgres_query", sql("SELECT pg_terminate_backend(pg_backend_pid())"), provider.Write)
	if err == nil || !strings.Contains(err.Error(), "SQLSTATE 57P01") || provider.Permanent(err) {
		t.Errorf("error is %v", err)
	}
	s.rows(sql("SELECT 1 AS one"))
}
