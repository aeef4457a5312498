package postgres

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestParseURL(t *testing.T) {
	for text, want := range map[string]settings{
		"postgres://":     {},
		"postgresql://db": {"host": "db"},
		"postgres://app@db.example.com:6543/orders":                                {"user": "app", "host": "db.example.com", "port": "6543", "database": "orders"},
		"postgres://app:p%40ss%2F@db/or%20ders?sslmode=require&application_name=x": {"user": "app", "password": "p@ss/", "host": "db", "database": "or ders", "sslmode": "require", "application_name": "x"},
		"postgres://app:pa/ss@word@db/orders":                                      {"user": "app", "password": "pa/ss@word", "host": "db", "database": "orders"},
		"postgres://[::1]:5433,b:5434/x":                                           {"host": "::1,b", "port": "5433,5434", "database": "x"},
		"postgres:///x?host=/run/pg&ssl=true":                                      {"host": "/run/pg", "database": "x", "sslmode": "require"},
		"postgres://%2Frun%2Fpg/x":                                                 {"host": "/run/pg", "database": "x"},
		"postgres://db?dbname=x":                                                   {"host": "db", "database": "x"},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := parseURL(text)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestURLErrorsKeepSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"mysql://app:hunter22@db/x":                "does not start with postgres://",
		"hunter22":                                 "does not start with postgres://",
		"postgres://app:hunter22%zz@db/x":          "password in the URL has a %",
		"postgres://app:hunter22@db:hunter22/x":    "port in the URL",
		"postgres://app:x@db:70000/x":              "port in the URL",
		"postgres://app:x@d b/x":                   "host in the URL",
		"postgres://app:hunter22@db/x?sslmode=yes": "sslmode in the URL is not one of",
		"postgres://app:hunter22@db/x?ssl=no":      "sslmode=",
		"postgres://app:hunter22@db/%zz":           "database's name in the URL has a %",
		"postgres://app:hunter22@db/x?a=%zz":       "what follows the ?",
	} {
		t.Run(text, func(t *testing.T) {
			err := checkURL(text)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter22") {
				t.Errorf("error is %v, expected one with %q", err, want)
			}
			_, err = New().Open(t.Context(), request(t, map[string]cty.Value{"url": cty.StringVal(text)}, nil, ""))
			if err == nil || strings.Contains(err.Error(), "hunter22") {
				t.Errorf("open: %v", err)
			}
		})
	}
}

func request(t *testing.T, block map[string]cty.Value, env map[string]string, home string) provider.OpenRequest {
	t.Helper()
	req := provider.OpenRequest{MaxParallel: 16, Dir: "/runbooks"}
	req.HomeDir = home
	req.Lookup = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	if block != nil {
		attrs := New().Config().Null().AsValueMap()
		maps.Copy(attrs, block)
		req.Config = cty.ObjectVal(attrs)
	}
	return req
}

// typed decodes a request as the SDK does.
func typed(t *testing.T, req provider.OpenRequest) provider.Open[config] {
	t.Helper()
	open := provider.Open[config]{OpenRequest: req, Config: &config{}, Explicit: req.Config != cty.NilVal}
	value := req.Config
	if !open.Explicit {
		value = New().Config().Null()
	}
	if err := New().Config().Decode(value, open.Config); err != nil {
		t.Fatal(err)
	}
	return open
}

func TestPoolConfig(t *testing.T) {
	// What the process itself has set must not count.
	t.Setenv("PGHOST", "leaked.example.com")
	t.Setenv("PGPASSWORD", "leaked")
	t.Setenv("PGUSER", "leaked")
	t.Setenv("PGSSLMODE", "disable")
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".pgpass"), []byte("db:5432:orders:app:from-pgpass\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(other, []byte("*:*:*:*:from-passfile\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	service := filepath.Join(t.TempDir(), "services")
	if err := os.WriteFile(service, []byte("[orders]\nhost=db9\nuser=nine\ndbname=orders9\npassword=from-service\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		block  map[string]cty.Value
		env    map[string]string
		target string
		want   map[string]string
	}{
		"variables": {
			env:    map[string]string{"PGHOST": "db", "PGPORT": "6543", "PGUSER": "app", "PGDATABASE": "orders", "PGPASSWORD": "hunter22", "PGAPPNAME": "nightly"},
			target: "db:6543/orders as app",
			want:   map[string]string{"password": "hunter22", "application_name": "nightly", "tls": "prefer"},
		},
		"password file of the home": {
			env:    map[string]string{"PGHOST": "db", "PGUSER": "app", "PGDATABASE": "orders"},
			target: "db:5432/orders as app",
			want:   map[string]string{"password": "from-pgpass"},
		},
		"password file of a variable": {
			env:    map[string]string{"PGHOST": "db", "PGUSER": "app", "PGPASSFILE": other},
			target: "db:5432/app as app",
			want:   map[string]string{"password": "from-passfile"},
		},
		"service": {
			env:    map[string]string{"PGSERVICE": "orders", "PGSERVICEFILE": service},
			target: "db9:5432/orders9 as nine",
			want:   map[string]string{"password": "from-service"},
		},
		"user of the machine": {
			env:    map[string]string{"PGHOST": "db", "USER": "alice"},
			target: "db:5432/alice as alice",
		},
		"url": {
			block:  map[string]cty.Value{"url": cty.StringVal("postgres://app:hunter22@db:6543/orders?sslmode=disable")},
			env:    map[string]string{"PGHOST": "elsewhere", "PGDATABASE": "other", "PGPORT": "1", "PGUSER": "bob"},
			target: "db:6543/orders as app",
			want:   map[string]string{"password": "hunter22", "tls": "disable"},
		},
		"attributes win over the url": {
			block: map[string]cty.Value{
				"url": cty.StringVal("postgres://app:x@db:6543/orders"), "host": cty.StringVal("db2"), "port": cty.NumberIntVal(5433),
				"database": cty.StringVal("d"), "user": cty.StringVal("u"), "password": cty.StringVal("it's \\ p"),
				"sslmode": cty.StringVal("disable"), "statement_timeout": cty.StringVal("1m30s"),
			},
			target: "db2:5433/d as u",
			want:   map[string]string{"password": "it's \\ p", "statement_timeout": "90000", "tls": "disable"},
		},
		"password of the environment": {
			block:  map[string]cty.Value{"host": cty.StringVal("db"), "user": cty.StringVal("app")},
			env:    map[string]string{"PGPASSWORD": "hunter22"},
			target: "db:5432/app as app",
			want:   map[string]string{"password": "hunter22"},
		},
		"where in it": {
			block: map[string]cty.Value{"url": cty.StringVal(
				"postgres://app@db/orders?search_path=shop&application_name=x&options=-c%20role%3Downer%20--statement-timeout%3D5s")},
			target: "db:5432/orders as app (role owner, search_path shop)",
		},
		"where in it, of the environment": {
			env:    map[string]string{"PGHOST": "db", "PGUSER": "app", "PGOPTIONS": "-csearch_path=a\\ b,c"},
			target: "db:5432/app as app (search_path a b,c)",
		},
		"options of the environment beside a block": {
			block:  map[string]cty.Value{"url": cty.StringVal("postgres://app@db/orders")},
			env:    map[string]string{"PGOPTIONS": "-csearch_path=elsewhere", "PGTZ": "Asia/Tokyo"},
			target: "db:5432/orders as app",
			want:   map[string]string{"options": "", "timezone": ""},
		},
		"a parameter of the application": {
			block:  map[string]cty.Value{"url": cty.StringVal("postgres://app@db/orders?options=-c%20app.tenant%3D7")},
			target: "db:5432/orders as app",
		},
		"several hosts": {
			block:  map[string]cty.Value{"url": cty.StringVal("postgres://app@a:1,b:2/orders")},
			target: "a:1,b:2/orders as app",
		},
	} {
		t.Run(name, func(t *testing.T) {
			req := request(t, test.block, test.env, home)
			got, err := New().Target(req)
			if err != nil || got != test.target {
				t.Fatalf("target is %q, %v, expected %q", got, err, test.target)
			}
			pool, err := poolConfig(typed(t, req))
			if err != nil {
				t.Fatal(err)
			}
			c := pool.ConnConfig
			seen := map[string]string{"password": c.Password, "tls": "disable"}
			maps.Copy(seen, c.RuntimeParams)
			if c.TLSConfig != nil {
				seen["tls"] = "prefer"
			}
			for key, want := range test.want {
				if seen[key] != want {
					t.Errorf("%s is %q, expected %q", key, seen[key], want)
				}
			}
			if pool.MaxConns != 8 {
				t.Errorf("at most %d connections", pool.MaxConns)
			}
		})
	}
}

func TestPoolConfigErrors(t *testing.T) {
	for name, test := range map[string]struct {
		block map[string]cty.Value
		want  string
	}{
		"no target":       {map[string]cty.Value{"user": cty.StringVal("app")}, "set url or host"},
		"no user":         {map[string]cty.Value{"host": cty.StringVal("db")}, "set user"},
		"port":            {map[string]cty.Value{"host": cty.StringVal("db"), "user": cty.StringVal("a"), "port": cty.NumberIntVal(70000)}, "port 70000"},
		"max_connections": {map[string]cty.Value{"host": cty.StringVal("db"), "user": cty.StringVal("a"), "max_connections": cty.NumberIntVal(0)}, "max_connections is 0"},
		"certificate":     {map[string]cty.Value{"url": cty.StringVal("postgres://a:hunter22@db/x?sslmode=verify-full&sslrootcert=no-such-file")}, "/runbooks/no-such-file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New().Open(t.Context(), request(t, test.block, nil, ""))
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter22") {
				t.Errorf("error is %v, expected one with %q", err, test.want)
			}
			if !provider.Permanent(err) {
				t.Error("it is not permanent")
			}
		})
	}
}
