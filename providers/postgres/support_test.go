package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/providers/postgres"
	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

// object makes a value of the schema's type from some of its attributes.
func object(t *testing.T, schema *provider.Object, values pt.Values) cty.Value {
	t.Helper()
	attrs := schema.Null().AsValueMap()
	if attrs == nil {
		attrs = map[string]cty.Value{}
	}
	for name, v := range values {
		converted, err := convert.Convert(v, schema.Attribute(name).Type)
		if err != nil {
			t.Fatal(err)
		}
		attrs[name] = converted
	}
	return cty.ObjectVal(attrs)
}

// cacheHome is where the tests of this package keep the compiled parser.
var cacheHome string

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runbook-postgres-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cacheHome = dir
	p := &sqlparse.Parser{CacheDir: sqlparse.CacheDir(dir, "")}
	if _, err := p.Parse(context.Background(), ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_ = p.Close() // frees memory
	return m.Run()
}

// host has these environment variables, and the cache of the tests.
func host(env map[string]string) provider.Host {
	return provider.Host{Lookup: func(name string) (string, bool) {
		if name == "XDG_CACHE_HOME" {
			return cacheHome, true
		}
		v, ok := env[name]
		return v, ok
	}}
}

// request is one for the configuration, with these environment variables.
func request(t *testing.T, config pt.Values, env map[string]string) provider.OpenRequest {
	t.Helper()
	req := provider.OpenRequest{MaxParallel: 4, Dir: t.TempDir()}
	req.Host = host(env)
	if config != nil {
		req.Config = object(t, postgres.New().Config(), config)
	}
	return req
}

// session runs actions against one client.
type session struct {
	t        *testing.T
	provider *provider.Provider
	client   provider.Client
	readOnly bool
}

func connect(t *testing.T, config pt.Values, env map[string]string) *session {
	t.Helper()
	p := postgres.New()
	client, err := p.Open(t.Context(), request(t, config, env))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := provider.Close(client); err != nil {
			t.Error(err)
		}
	})
	return &session{t: t, provider: p, client: client}
}

func (s *session) run(action string, args pt.Values, effect provider.Effect) (*provider.Result, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	a := s.provider.Action(action)
	return a.Run(ctx, &provider.Call{
		Client: s.client, Args: object(s.t, a.Spec().Args(), args), Effect: effect, ReadOnly: s.readOnly,
	})
}

// ownDatabase makes a database for one test, and gives its URL, of a superuser.
func ownDatabase(t *testing.T) *url.URL {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	u, err := url.Parse(pt.Lab(t, "LAB_DATABASE_SUPERUSER_URL"))
	if err != nil {
		t.Fatal("parse the URL of the lab's superuser")
	}
	server, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Fatal("connect as the lab's superuser")
	}
	u.Path = fmt.Sprintf("/runbook_test_%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := server.Exec(ctx, "CREATE DATABASE "+u.Path[1:]); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := server.Exec(ctx, "DROP DATABASE "+u.Path[1:]+" WITH (FORCE)")
		if err := errors.Join(err, server.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	return u
}

// with is the URL with another setting.
func with(u *url.URL, name, value string) pt.Values {
	other := *u
	query := other.Query()
	query.Set(name, value)
	other.RawQuery = query.Encode()
	return block(other.String())
}

// rows runs a query that must go well.
func (s *session) rows(args pt.Values) *provider.Result {
	s.t.Helper()
	r, err := s.run("postgres_query", args, provider.Read)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}
