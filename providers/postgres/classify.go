package postgres

import (
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// sideEffects are functions of PostgreSQL that act although the transaction is READ ONLY, see "System Administration
// Functions" in its documentation. A query that names one is a write.
var sideEffects = map[string]bool{
	"pg_terminate_backend": true, "pg_cancel_backend": true, "pg_reload_conf": true, "pg_rotate_logfile": true,
	"pg_promote": true, "pg_switch_wal": true, "pg_create_restore_point": true, "pg_wal_replay_pause": true,
	"pg_wal_replay_resume": true, "pg_backup_start": true, "pg_backup_stop": true, "pg_start_backup": true,
	"pg_stop_backup": true, "pg_log_backend_memory_contexts": true, "pg_prewarm": true, "pg_notify": true,
	"pg_create_physical_replication_slot": true, "pg_create_logical_replication_slot": true,
	"pg_drop_replication_slot": true, "pg_replication_slot_advance": true, "pg_copy_physical_replication_slot": true,
	"pg_copy_logical_replication_slot": true, "pg_logical_slot_get_changes": true,
	"pg_logical_slot_get_binary_changes": true, "pg_logical_emit_message": true, "pg_sync_replication_slots": true,
	"pg_replication_origin_create": true, "pg_replication_origin_drop": true, "pg_replication_origin_advance": true,
	"pg_advisory_lock": true, "pg_advisory_lock_shared": true, "pg_try_advisory_lock": true,
	"pg_try_advisory_lock_shared": true, "pg_advisory_unlock": true, "pg_advisory_unlock_all": true,
	"pg_stat_reset": true, "pg_stat_reset_shared": true, "pg_stat_reset_slru": true,
	"pg_stat_reset_single_table_counters": true, "pg_stat_reset_single_function_counters": true,
	"pg_stat_reset_replication_slot": true, "pg_stat_reset_subscription_stats": true, "pg_stat_statements_reset": true,
	"pg_import_system_collations": true, "pg_file_write": true, "pg_file_rename": true, "pg_file_unlink": true,
	"pg_file_sync": true, "lo_import": true, "lo_export": true, "dblink": true, "dblink_exec": true,
	"dblink_connect": true, "dblink_send_query": true, "nextval": true, "setval": true,
}

// actingFunction is the first function with a side effect that a query names; empty where there is none. A function of
// the user's own can't be seen through.
func actingFunction(sql string) string {
	for _, t := range scan(sql) {
		if name := strings.ToLower(t.text); (t.kind == word || t.kind == quoted) && sideEffects[name] {
			return name
		}
	}
	return ""
}

// classifyQuery is read unless the query calls what READ ONLY doesn't stop.
func classifyQuery(sql string) provider.Effect {
	if actingFunction(sql) != "" {
		return provider.Write
	}
	return provider.Read
}

// classifyExec is destructive for DROP, TRUNCATE, and DELETE and UPDATE without WHERE, wherever they stand, else write.
func classifyExec(sql string) provider.Effect {
	if anyDestructive(sql, false) {
		return provider.Destructive
	}
	return provider.Write
}

// anyDestructive looks at each statement. The body of a DO block or of a function is a text, and so is what it gives
// to EXECUTE: in a body every text counts as SQL.
func anyDestructive(sql string, body bool) bool {
	for _, statement := range split(scan(sql)) {
		if destructive(statement, body) {
			return true
		}
	}
	return false
}

// destructive judges one statement.
func destructive(statement []token, body bool) bool {
	first := firstWord(statement)
	body = body || first == "do" || first == "create"
	if first == "drop" || first == "truncate" {
		return true
	}
	for i, t := range statement {
		switch {
		case t.kind == text && body && anyDestructive(t.text, true):
			return true
		case t.kind != word:
		case t.text == "drop" && first == "alter":
			return true
		case (t.text == "drop" || t.text == "truncate") && startsPart(statement, i):
			return true
		case t.text == "update" && (startsPart(statement, i) || opens(statement, i)) && !hasWhere(statement[i:]):
			return true
		case t.text == "delete" && i+1 < len(statement) && statement[i+1].text == "from" && !hasWhere(statement[i:]):
			return true
		}
	}
	return false
}

// startsPart reports whether a statement inside another's body may start at i: behind BEGIN, THEN, ELSE, LOOP.
func startsPart(statement []token, i int) bool {
	if i == 0 {
		return true
	}
	switch statement[i-1].text {
	case "begin", "then", "else", "loop":
		return statement[i-1].kind == word
	}
	return false
}

// opens reports whether a statement of a WITH, or below EXPLAIN, may start at i.
func opens(statement []token, i int) bool {
	before := statement[i-1]
	return before.kind == sign && before.text == "(" || before.kind == word && (before.text == "analyze" || before.text == "explain")
}

// hasWhere looks for the WHERE of the DELETE or UPDATE that tokens starts with: at the same depth of parentheses.
func hasWhere(tokens []token) bool {
	depth := 0
	for _, t := range tokens {
		switch {
		case t.kind == sign && t.text == "(":
			depth++
		case t.kind == sign && t.text == ")":
			depth--
			if depth < 0 {
				return false
			}
		case t.kind == word && t.text == "where" && depth == 0:
			return true
		}
	}
	return false
}
