package postgres

// harmless are functions of PostgreSQL and of its own extensions that are declared volatile, because what they give
// differs from call to call, and change nothing. Functions that are not declared volatile need no place here.
var harmless = set(
	"clock_timestamp", "timeofday", "random", "random_normal", "gen_random_uuid", "uuidv4", "uuidv7", "pg_sleep",
	"pg_sleep_for", "pg_sleep_until", "current_query", "currval", "lastval",
	"pg_database_size", "pg_indexes_size", "pg_relation_size", "pg_table_size", "pg_tablespace_size",
	"pg_total_relation_size", "pg_partition_ancestors", "pg_partition_tree", "pg_sequence_last_value",
	"pg_blocking_pids", "pg_safe_snapshot_blocking_pids", "pg_isolation_test_session_is_blocked", "pg_lock_status",
	"pg_prepared_xact", "pg_is_in_recovery", "pg_is_wal_replay_paused", "pg_get_wal_replay_pause_state",
	"pg_current_wal_lsn", "pg_current_wal_insert_lsn", "pg_current_wal_flush_lsn", "pg_last_wal_receive_lsn",
	"pg_last_wal_replay_lsn", "pg_last_xact_replay_timestamp", "pg_last_committed_xact", "pg_xact_commit_timestamp",
	"pg_xact_commit_timestamp_origin", "pg_xact_status", "txid_status", "pg_get_multixact_members",
	"pg_control_checkpoint", "pg_control_init", "pg_control_recovery", "pg_control_system", "pg_current_logfile",
	"pg_get_backend_memory_contexts", "pg_get_shmem_allocations", "pg_get_wal_resource_managers",
	"pg_hba_file_rules", "pg_ident_file_mappings", "pg_show_all_file_settings", "pg_jit_available",
	"pg_collation_actual_version", "pg_database_collation_actual_version", "pg_notification_queue_usage",
	"pg_replication_origin_progress", "pg_show_replication_origin_status", "pg_get_wait_events",
	"pg_ls_waldir", "pg_ls_archive_statusdir", "pg_ls_tmpdir", "pg_ls_logdir", "pg_ls_replslotdir",
	"pg_stat_get_recovery_prefetch", "pg_stat_get_xact_blocks_fetched", "pg_stat_get_xact_blocks_hit",
	"pg_stat_get_xact_function_calls", "pg_stat_get_xact_function_self_time", "pg_stat_get_xact_function_total_time",
	"pg_stat_get_xact_numscans", "pg_stat_get_xact_tuples_deleted", "pg_stat_get_xact_tuples_fetched",
	"pg_stat_get_xact_tuples_hot_updated", "pg_stat_get_xact_tuples_inserted", "pg_stat_get_xact_tuples_returned",
	"pg_stat_get_xact_tuples_updated", "pg_stat_get_xact_tuples_newpage_updated", "pg_stat_have_stats", "pg_stat_get_io",
	"pg_stat_statements", "pg_stat_statements_info", "pg_buffercache_pages", "pg_buffercache_summary",
	"pgstattuple", "pgstattuple_approx", "pgstatindex", "pg_relpages", "pgrowlocks", "pg_freespace",
	"uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "gen_random_bytes", "gen_salt",
)

// harmful are functions that are declared stable or immutable, and yet do what others would be refused for.
var harmful = []struct {
	// does goes on after the function's name.
	does  string
	names map[string]bool
}{
	{"runs or calls what it is given as a text, or the name of", set(
		"table_to_xml", "table_to_xmlschema", "table_to_xml_and_xmlschema", "schema_to_xml", "schema_to_xmlschema",
		"schema_to_xml_and_xmlschema", "database_to_xml", "database_to_xmlschema", "database_to_xml_and_xmlschema",
		"ts_rewrite", "pg_input_is_valid", "pg_input_error_info", "crosstab", "crosstab2", "crosstab3", "crosstab4", "connectby")},
	{"gives the transaction a number, which uses one up; pg_snapshot_xmax(pg_current_snapshot()) tells the next one",
		set("pg_current_xact_id", "txid_current")},
}

// harm says what a function of a name does that is harmful; empty: nothing that is known.
func harm(name string) string {
	for _, h := range harmful {
		if h.names[name] {
			return h.does
		}
	}
	return ""
}

// extensions whose functions count as PostgreSQL's own: none of those that they declare stable or immutable runs SQL
// from a text. A function of any other extension counts as one that somebody wrote.
var extensions = set(
	"pg_stat_statements", "pg_trgm", "hstore", "citext", "ltree", "uuid-ossp", "pgcrypto", "btree_gin", "btree_gist",
	"intarray", "unaccent", "fuzzystrmatch", "pgstattuple", "pg_buffercache", "pg_freespacemap", "pgrowlocks", "cube",
	"earthdistance", "isn", "seg", "vector", "tablefunc", "dict_int", "bloom", "sslinfo",
)

func set(names ...string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[n] = true
	}
	return out
}
