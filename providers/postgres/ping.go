package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

type pingArgs struct{}

type pingResult struct {
	Version    string  `rb:"version" doc:"The server's full version string."`
	VersionNum int64   `rb:"version_num" doc:"The version as a number: 150018 for 15.18."`
	Database   string  `rb:"database" doc:"The database that is connected to."`
	User       string  `rb:"user" doc:"The role that runs statements."`
	InRecovery bool    `rb:"in_recovery" doc:"Whether the server is a standby."`
	LatencyMS  float64 `rb:"latency_ms" doc:"Time to answer one statement on an open connection."`
}

var ping = provider.Define(provider.Definition[*client, pingArgs, pingResult]{
	Name: "postgres_ping", Doc: "Connects, asks one question and tells the server's version.", Effect: provider.Read,
	Run: runPing,
	Summarize: func(r *pingResult) string {
		return fmt.Sprintf("%s, %.3g ms", shortVersion(r.Version), r.LatencyMS)
	},
})

const pingSQL = `SELECT pg_catalog.version() AS version, pg_catalog.current_setting('server_version_num') AS version_num,
	pg_catalog.current_database() AS database, current_user AS "user", pg_catalog.pg_is_in_recovery() AS in_recovery`

func runPing(ctx context.Context, in *provider.In[*client, pingArgs]) (*pingResult, error) {
	tables, took, err := in.Client.read(ctx, "ping", statement{sql: pingSQL})
	if err != nil {
		return nil, err
	}
	set := rowsOf(tables[0])
	r := set.only()
	result := &pingResult{
		Version: r.text("version"), VersionNum: r.integer("version_num"), Database: r.text("database"),
		User: r.text("user"), InRecovery: r.bool("in_recovery"), LatencyMS: milliseconds(took),
	}
	return result, set.err
}

// shortVersion is "PostgreSQL 15.18" of "PostgreSQL 15.18 (Debian …) on x86_64…, compiled by …".
func shortVersion(full string) string {
	words := strings.Fields(full)
	return strings.Join(words[:min(2, len(words))], " ")
}

// milliseconds keeps microseconds.
func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
