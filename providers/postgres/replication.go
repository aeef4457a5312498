package postgres

import (
	"context"
	"fmt"

	"github.com/e82355ed/runbook/engine/provider"
)

type replicationArgs struct{}

type replica struct {
	Name       string   `rb:"name" doc:"The replica's application_name, or its address."`
	State      string   `rb:"state" doc:"State of the sender: streaming, catchup, startup, backup, stopping."`
	LagBytes   *int64   `rb:"lag_bytes" doc:"Write-ahead log that the replica has not replayed yet; null where it is hidden from the role."`
	LagSeconds *float64 `rb:"lag_seconds" doc:"Time until the replica had replayed the latest change; 0 for one that is idle and has all, null where it is not known."`
}

type replicationResult struct {
	Role          string    `rb:"role" doc:"Primary or standby."`
	Replicas      []replica `rb:"replicas" doc:"Who receives the log of this server, by name."`
	MaxLagSeconds *float64  `rb:"max_lag_seconds" doc:"The largest lag: of the replicas on a primary, of the server itself on a standby; null where there is none to measure."`
}

var replication = provider.Define(provider.Definition[*client, replicationArgs, replicationResult]{
	Name: "postgres_replication", Doc: "Tells the server's role and how far its replicas lag behind.", Effect: provider.Read,
	Run: runReplication,
	Summarize: func(r *replicationResult) string {
		text := fmt.Sprintf("%s, %d replicas", r.Role, len(r.Replicas))
		if len(r.Replicas) == 1 {
			text = r.Role + ", 1 replica"
		}
		if r.MaxLagSeconds != nil {
			text += fmt.Sprintf(", %.3g s behind", *r.MaxLagSeconds)
		}
		return text
	},
})

const (
	// A standby that receives, and has replayed all of it, has no lag, however long ago the last change was. One whose
	// receiver has lost the primary can't know of changes: its lag counts from the last one.
	roleSQL = `SELECT pg_catalog.pg_is_in_recovery() AS standby,
	CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN NULL
	WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn()
		AND EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver) THEN 0
	ELSE extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) END AS lag`
	// Its lag columns are NULL for a replica that is idle and up to date.
	replicasSQL = `SELECT coalesce(nullif(application_name, ''), host(client_addr), pid::text) AS name,
	coalesce(state, '') AS state, bytes, CASE WHEN bytes <= 0 THEN 0 ELSE extract(epoch FROM replay_lag) END AS seconds
FROM (SELECT *, pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()
	ELSE pg_catalog.pg_current_wal_lsn() END, replay_lsn)::int8 AS bytes FROM pg_catalog.pg_stat_replication) r
ORDER BY name, pid`
)

func runReplication(ctx context.Context, in *provider.In[*client, replicationArgs]) (*replicationResult, error) {
	tables, err := in.Client.look(ctx, "read pg_stat_replication", statement{sql: roleSQL}, statement{sql: replicasSQL})
	if err != nil {
		return nil, err
	}
	own, others := rowsOf(tables[0]), rowsOf(tables[1])
	r := own.only()
	result := &replicationResult{Role: "primary"}
	if r.bool("standby") {
		result.Role, result.MaxLagSeconds = "standby", r.optionalFloat("lag")
	}
	for _, r := range others.rows {
		item := replica{
			Name: r.text("name"), State: r.text("state"), LagBytes: r.optionalInteger("bytes"),
			LagSeconds: r.optionalFloat("seconds"),
		}
		if result.Role == "primary" {
			result.MaxLagSeconds = larger(result.MaxLagSeconds, item.LagSeconds)
		}
		if item.LagBytes == nil {
			in.Warn("the lag of %s is hidden from this role; grant it pg_monitor", item.Name)
		}
		result.Replicas = append(result.Replicas, item)
	}
	own.fail(others.err)
	return result, own.err
}

// larger ignores what is not known.
func larger(a, b *float64) *float64 {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}
