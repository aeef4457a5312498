package postgres

import (
	"context"
	"fmt"

	"github.com/e82355ed/runbook/engine/provider"
)

type activityArgs struct{}

type activityResult struct {
	Connections        int64   `rb:"connections" doc:"Clients' sessions on the whole server, the runbook's own among them."`
	MaxConnections     int64   `rb:"max_connections" doc:"How many sessions the server allows."`
	UsedPercent        float64 `rb:"used_percent" doc:"Connections of max_connections."`
	Active             int64   `rb:"active" doc:"Sessions that run a statement, without the one that asks."`
	IdleInTransaction  int64   `rb:"idle_in_transaction" doc:"Sessions that wait with a transaction open, a failed one included."`
	Blocked            int64   `rb:"blocked" doc:"Sessions that wait for a lock."`
	LongestQuery       float64 `rb:"longest_query_seconds" doc:"Age of the oldest running statement; 0 where none runs."`
	LongestTransaction float64 `rb:"longest_transaction_seconds" doc:"Age of the oldest open transaction; 0 where none is open."`
}

var activity = provider.Define(provider.Definition[*client, activityArgs, activityResult]{
	Name: "postgres_activity", Doc: "Counts the sessions of the server and what they do.", Effect: provider.Read,
	Run: runActivity,
	Summarize: func(r *activityResult) string {
		return fmt.Sprintf("%d of %d connections, %d active", r.Connections, r.MaxConnections, r.Active)
	},
})

// activitySQL counts clients. A role without pg_read_all_stats sees neither type nor state of another role's session,
// which then counts as a client where it belongs to a database.
const activitySQL = `SELECT count(*) AS connections,
	pg_catalog.current_setting('max_connections')::int8 AS max_connections,
	count(*) FILTER (WHERE backend_type IS NULL) AS hidden,
	count(*) FILTER (WHERE state = 'active' AND pid <> pg_catalog.pg_backend_pid()) AS active,
	count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction,
	count(*) FILTER (WHERE wait_event_type = 'Lock') AS blocked,
	coalesce(max(extract(epoch FROM pg_catalog.clock_timestamp() - query_start))
		FILTER (WHERE state = 'active' AND pid <> pg_catalog.pg_backend_pid()), 0) AS longest_query,
	coalesce(max(extract(epoch FROM pg_catalog.clock_timestamp() - xact_start))
		FILTER (WHERE pid <> pg_catalog.pg_backend_pid()), 0) AS longest_transaction
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' OR backend_type IS NULL AND datid IS NOT NULL`

func runActivity(ctx context.Context, in *provider.In[*client, activityArgs]) (*activityResult, error) {
	tables, err := in.Client.look(ctx, "read pg_stat_activity", statement{sql: activitySQL})
	if err != nil {
		return nil, err
	}
	set := rowsOf(tables[0])
	r := set.only()
	result := &activityResult{
		Connections: r.integer("connections"), MaxConnections: r.integer("max_connections"), Active: r.integer("active"),
		IdleInTransaction: r.integer("idle_in_transaction"), Blocked: r.integer("blocked"),
		LongestQuery: r.float("longest_query"), LongestTransaction: r.float("longest_transaction"),
	}
	if result.MaxConnections > 0 {
		result.UsedPercent = 100 * float64(result.Connections) / float64(result.MaxConnections)
	}
	if n := r.integer("hidden"); n > 0 {
		in.Warn("what %d of %d sessions do is hidden from this role; grant it pg_read_all_stats", n, result.Connections)
	}
	return result, set.err
}
