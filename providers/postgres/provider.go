package postgres

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/e82355ed/runbook/engine/provider"
)

// config is the provider block. Either url or host must be set: a block names its target.
type config struct {
	URL      string `rb:"url,sensitive" check:"postgres_url" doc:"Connection URL, \"postgres://user:password@host:5432/database?sslmode=verify-full\"; the other attributes win over its parts."`
	Host     string `rb:"host" doc:"Host name, address, or folder of the Unix socket."`
	Port     int    `rb:"port" doc:"Port; 5432 unless the URL has one."`
	Database string `rb:"database" doc:"Database; named like the user unless set."`
	User     string `rb:"user" doc:"Role to log in as."`
	Password string `rb:"password,sensitive" doc:"Password; otherwise PGPASSWORD or the password file (PGPASSFILE, ~/.pgpass)."`
	SSLMode  string `rb:"sslmode" one_of:"disable,allow,prefer,require,verify-ca,verify-full" doc:"How TLS is used, as libpq has it; prefer unless set."`

	StatementTimeout time.Duration `rb:"statement_timeout,conduct" doc:"The server ends a statement that runs longer, whatever the step's timeout."`
	MaxConnections   int           `rb:"max_connections,conduct" default:"8" doc:"At most this many connections are open at once; steps wait for one."`
}

// New declares the provider.
func New() *provider.Provider {
	shared := &parsers{}
	return provider.New(provider.Setup[config, *client]{
		Name: "postgres",
		Doc:  "PostgreSQL: health, activity, sizes, replication, queries and changes.",
		Open: func(_ context.Context, req provider.Open[config]) (*client, error) {
			return open(req, shared)
		},
		Target:  target,
		Unnamed: lacksTarget,
		Checks: map[string]provider.Check{
			"postgres_url": checkURL, "postgres_row_limit": checkRowLimit, "postgres_kept_rows": checkKeptRows,
		},
		HostChecks: map[string]provider.HostCheck{
			"postgres_query":  shared.checkQuery,
			"postgres_change": shared.checkChange,
		},
		Actions: []provider.Action{
			ping, query, exec, slowQueries, activity, size, replication,
		},
	})
}

// target reads "db.example.com:5432/orders as app". Without a scheme it never repeats a URL that is a secret as a whole.
func target(req provider.Open[config]) (provider.Place, error) {
	pool, err := poolConfig(req)
	if err != nil {
		return provider.Place{}, err
	}
	c := &pool.ConnConfig.Config
	short := fmt.Sprintf("%s as %s", endpointOf(c), c.User)
	within, private := within(c.RuntimeParams)
	return provider.Place{Text: short + within, Short: short, Hidden: private}, nil
}

// endpointOf is "host:port/database", which errors and targets show.
func endpointOf(c *pgconn.Config) string {
	return addressesOf(c) + "/" + c.Database
}

// addressesOf is "host:port", or several of them where one after the other is tried.
func addressesOf(c *pgconn.Config) string {
	list := []string{addressOf(c.Host, c.Port)}
	for _, f := range c.Fallbacks {
		// The same address comes again where TLS is tried first.
		if next := addressOf(f.Host, f.Port); !slices.Contains(list, next) {
			list = append(list, next)
		}
	}
	return strings.Join(list, ",")
}

func addressOf(host string, port uint16) string {
	if network, path := pgconn.NetworkAddress(host, port); network == "unix" {
		return path
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// lacksTarget is what a block lacks without which it names no server. What is wrong with a URL is told by its check.
func lacksTarget(c *config, known provider.Known) string {
	if c.Host != "" || !known("host") || !known("url") {
		return ""
	}
	if c.URL != "" {
		if parsed, err := parseURL(c.URL); err != nil || parsed["host"] != "" {
			return ""
		}
	}
	return noServer
}

const noServer = "set url or host (without a block, the PG* variables say where to connect)"
