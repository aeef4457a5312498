package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

type sizeArgs struct {
	Database string `rb:"database" doc:"Another database of the server: its size alone, tables is null. Unset: the one that is connected to."`
	Limit    int    `rb:"limit" default:"1000" doc:"At most this many tables, the largest; 1 to 100000."`
}

type sizeTable struct {
	Schema        string    `rb:"schema" doc:"Schema of the table."`
	Name          string    `rb:"name" doc:"Name of the table."`
	SizeBytes     int64     `rb:"size_bytes" doc:"Size on disk, with indexes and TOAST."`
	RowsEstimate  int64     `rb:"rows_estimate" doc:"Live rows, as the statistics have it."`
	DeadRows      int64     `rb:"dead_rows" doc:"Dead rows that a vacuum has not taken away, as the statistics have it."`
	LastVacuumAt  time.Time `rb:"last_vacuum_at" doc:"End of the last vacuum, by hand or automatic; null: none yet."`
	LastAnalyzeAt time.Time `rb:"last_analyze_at" doc:"End of the last analyze, by hand or automatic; null: none yet."`
}

type sizeResult struct {
	SizeBytes int64        `rb:"size_bytes" doc:"Size of the database on disk."`
	Tables    *[]sizeTable `rb:"tables" doc:"The user's tables, largest first; null for another database than the one that is connected to."`
	Truncated bool         `rb:"truncated" doc:"Whether there were more tables than limit."`
}

var size = provider.Define(provider.Definition[*client, sizeArgs, sizeResult]{
	Name: "postgres_size", Doc: "Measures a database and its tables.", Effect: provider.Read,
	Run: runSize,
	Summarize: func(r *sizeResult) string {
		if r.Tables == nil {
			return bytesText(r.SizeBytes)
		}
		noun := "tables"
		if len(*r.Tables) == 1 {
			noun = "table"
		}
		return fmt.Sprintf("%s, %d %s", bytesText(r.SizeBytes), len(*r.Tables), noun)
	},
})

const (
	sizeOp      = "measure the database"
	databaseSQL = `SELECT pg_catalog.pg_database_size(coalesce(nullif($1::text, ''), pg_catalog.current_database())::name) AS size,
	coalesce(nullif($1::text, ''), pg_catalog.current_database()) = pg_catalog.current_database() AS current`
	tablesSQL = `SELECT schemaname, relname, pg_catalog.pg_total_relation_size(relid) AS size, n_live_tup, n_dead_tup,
	extract(epoch FROM greatest(last_vacuum, last_autovacuum)) AS vacuum,
	extract(epoch FROM greatest(last_analyze, last_autoanalyze)) AS analyze
FROM pg_catalog.pg_stat_user_tables
WHERE coalesce(nullif($1::text, ''), pg_catalog.current_database()) = pg_catalog.current_database()
ORDER BY size DESC NULLS LAST, schemaname, relname LIMIT $2::int8`
)

func runSize(ctx context.Context, in *provider.In[*client, sizeArgs]) (*sizeResult, error) {
	limit := in.Args.Limit
	if limit < 1 || limit > 100_000 {
		return nil, in.Client.refuse(sizeOp, fmt.Errorf("limit is %d, which is not from 1 to 100000", limit))
	}
	database := []byte(in.Args.Database)
	tables, err := in.Client.look(ctx, sizeOp,
		statement{sql: databaseSQL, params: [][]byte{database}},
		statement{sql: tablesSQL, params: [][]byte{database, strconv.AppendInt(nil, int64(limit)+1, 10)}, limit: limit},
	)
	if err != nil {
		return nil, err
	}
	whole, each := rowsOf(tables[0]), rowsOf(tables[1])
	r := whole.only()
	result := &sizeResult{SizeBytes: r.integer("size"), Truncated: tables[1].truncated}
	if r.bool("current") {
		list := make([]sizeTable, 0, len(each.rows))
		for _, r := range each.rows {
			list = append(list, sizeTable{
				Schema: r.text("schemaname"), Name: r.text("relname"), SizeBytes: r.integer("size"),
				RowsEstimate: r.integer("n_live_tup"), DeadRows: r.integer("n_dead_tup"),
				LastVacuumAt: r.time("vacuum"), LastAnalyzeAt: r.time("analyze"),
			})
		}
		result.Tables = &list
	}
	whole.fail(each.err)
	return result, whole.err
}

// bytesText writes a size for people: "7.8 MiB".
func bytesText(n int64) string {
	const unit = 1024
	value, names := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for value >= unit && i < len(names)-1 {
		value, i = value/unit, i+1
	}
	return strconv.FormatFloat(value, 'f', min(i, 1), 64) + " " + names[i]
}
