package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

type slowArgs struct {
	Limit     int     `rb:"limit" default:"10" doc:"At most this many queries, the slowest; 1 to 10000."`
	MinMeanMS float64 `rb:"min_mean_ms" default:"0" doc:"Only queries that take at least this long on average."`
}

type slowQuery struct {
	Query   string  `rb:"query" doc:"Text of the query, constants replaced by $1, $2 and so on."`
	Calls   int64   `rb:"calls" doc:"How often it ran."`
	MeanMS  float64 `rb:"mean_ms" doc:"Mean time of a run."`
	TotalMS float64 `rb:"total_ms" doc:"Time of all runs."`
	Rows    int64   `rb:"rows" doc:"Rows that all runs gave or changed."`
}

type slowResult struct {
	Queries   []slowQuery `rb:"queries" doc:"The queries since the last reset of the statistics, slowest mean first."`
	Truncated bool        `rb:"truncated" doc:"Whether there are more than limit."`
}

var slowQueries = provider.Define(provider.Definition[*client, slowArgs, slowResult]{
	Name: "postgres_slow_queries", Doc: "Lists the queries with the longest mean time, from pg_stat_statements.",
	Effect: provider.Read,
	Run:    runSlowQueries,
	Summarize: func(r *slowResult) string {
		if len(r.Queries) == 0 {
			return "no such query"
		}
		return fmt.Sprintf("slowest mean %s ms", strconv.FormatFloat(math.Round(10*r.Queries[0].MeanMS)/10, 'f', -1, 64))
	},
})

const (
	slowOp = "read pg_stat_statements"
	// slowSQL takes the schema and the prefix of the columns: since version 1.8 of the extension, which came with
	// PostgreSQL 13, they are named total_exec_time and mean_exec_time.
	slowSQL = `SELECT query, calls, mean_%[2]stime AS mean, total_%[2]stime AS total, rows
FROM %[1]spg_stat_statements WHERE mean_%[2]stime >= $1::float8
ORDER BY mean_%[2]stime DESC, query, calls LIMIT $2::int8`
	hidden = "<insufficient privilege>"
)

// passwords finds those of CREATE and ALTER ROLE: of such statements the extension keeps the constants.
var passwords = regexp.MustCompile(`(?i)\b(password)\s+[eE]?'(?:[^']|'')*'`)

func runSlowQueries(ctx context.Context, in *provider.In[*client, slowArgs]) (*slowResult, error) {
	if n := in.Args.Limit; n < 1 || n > 10_000 {
		return nil, in.Client.refuse(slowOp, fmt.Errorf("limit is %d, which is not from 1 to 10000", n))
	}
	t, err := in.Client.slowTable(ctx, in.Args)
	if err != nil {
		return nil, err
	}
	result := &slowResult{Truncated: t.truncated}
	set, unseen := rowsOf(t), 0
	for _, r := range set.rows {
		q := slowQuery{
			Query: passwords.ReplaceAllString(r.text("query"), "$1 '(sensitive)'"), Calls: r.integer("calls"), MeanMS: r.float("mean"), TotalMS: r.float("total"),
			Rows: r.integer("rows"),
		}
		if q.Query == hidden {
			unseen++
		}
		result.Queries = append(result.Queries, q)
	}
	if unseen > 0 {
		in.Warn("the text of %d of %d queries is hidden from this role; grant it pg_read_all_stats", unseen, len(set.rows))
	}
	return result, set.err
}

// slowTable tries the columns of today, then those of extensions before 1.8, and looks for the extension's schema where
// the search path doesn't have it: the usual case takes one round trip.
// slowTable asks the extension's own view: one of its name may be anybody's.
func (c *client) slowTable(ctx context.Context, args *slowArgs) (table, error) {
	schema, err := c.extensionSchema(ctx)
	if err != nil {
		return table{}, err
	}
	for prefix := "exec_"; ; prefix = "" {
		tables, err := c.look(ctx, slowOp, statement{
			sql: fmt.Sprintf(slowSQL, schema, prefix),
			params: [][]byte{
				strconv.AppendFloat(nil, args.MinMeanMS, 'g', -1, 64), strconv.AppendInt(nil, int64(args.Limit)+1, 10),
			},
			limit: args.Limit,
		})
		switch state := sqlState(err); {
		case err == nil:
			return tables[0], nil
		case state == "42703" && prefix != "":
		case state == "55000":
			e := c.refuse(slowOp, errors.New("pg_stat_statements is installed in the database, and the server does not load it"))
			e.Hint = "Add pg_stat_statements to shared_preload_libraries in postgresql.conf and restart the server."
			return table{}, e
		default:
			return table{}, err
		}
	}
}

// extensionSchema gives the schema of pg_stat_statements, quoted and with its dot.
func (c *client) extensionSchema(ctx context.Context) (string, error) {
	tables, err := c.look(ctx, slowOp, statement{sql: `SELECT n.nspname FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'`})
	if err != nil {
		return "", err
	}
	set := rowsOf(tables[0])
	if len(set.rows) == 0 {
		e := c.refuse(slowOp, errors.New("the extension pg_stat_statements is not installed in this database"))
		e.Hint = "Add it to shared_preload_libraries in postgresql.conf, restart the server, then run CREATE EXTENSION pg_stat_statements in this database as a superuser."
		return "", e
	}
	name := set.rows[0].text("nspname")
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `".`, set.err
}
