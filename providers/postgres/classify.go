package postgres

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// acting are functions of PostgreSQL that act although the transaction is READ ONLY, see "System Administration
// Functions" in its documentation. A query that names one is a write.
var acting = []struct {
	// does goes on after the function's name, instead names what reads.
	does, instead string
	names         map[string]bool
}{
	{"interferes with other sessions", "postgres_activity and pg_stat_activity show them", set(
		"pg_terminate_backend", "pg_cancel_backend", "pg_log_backend_memory_contexts", "pg_notify")},
	{"has the whole server do something", "pg_settings, pg_file_settings and pg_is_in_recovery() show its state", set(
		"pg_reload_conf", "pg_rotate_logfile", "pg_promote", "pg_switch_wal", "pg_create_restore_point", "pg_wal_replay_pause",
		"pg_wal_replay_resume", "pg_backup_start", "pg_backup_stop", "pg_start_backup", "pg_stop_backup", "pg_prewarm",
		"pg_import_system_collations", "pg_logical_emit_message")},
	{"makes, moves or drops what replication goes by", "pg_replication_slots, pg_replication_origin_status and postgres_replication show it", set(
		"pg_create_physical_replication_slot", "pg_create_logical_replication_slot", "pg_drop_replication_slot",
		"pg_replication_slot_advance", "pg_copy_physical_replication_slot", "pg_copy_logical_replication_slot",
		"pg_logical_slot_get_changes", "pg_logical_slot_get_binary_changes", "pg_sync_replication_slots",
		"pg_replication_origin_create", "pg_replication_origin_drop", "pg_replication_origin_advance")},
	{"takes or gives back a lock that others wait for", "pg_locks shows them", set(
		"pg_advisory_lock", "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared",
		"pg_advisory_unlock", "pg_advisory_unlock_shared", "pg_advisory_unlock_all")},
	{"forgets what was counted", "pg_stat_database and its like show the counts", set(
		"pg_stat_reset", "pg_stat_reset_shared", "pg_stat_reset_slru", "pg_stat_reset_single_table_counters",
		"pg_stat_reset_single_function_counters", "pg_stat_reset_replication_slot", "pg_stat_reset_subscription_stats",
		"pg_stat_statements_reset")},
	{"writes or reads the server's files", "tables and views hold what a query may see", set(
		"pg_file_write", "pg_file_rename", "pg_file_unlink", "pg_file_sync", "lo_import", "lo_export")},
	{"sends SQL elsewhere, where nobody looks at it", "a provider block with the other server's url has its own postgres_query", set(
		"dblink", "dblink_exec", "dblink_connect", "dblink_send_query")},
	{"moves a sequence, which no rollback takes back", "pg_sequences shows where one stands", set("nextval", "setval")},
}

// losing are functions that lose something for good, as DROP does: what a replica or a subscriber has not read yet, a file, a large object.
var losing = set("pg_drop_replication_slot", "pg_replication_origin_drop", "pg_file_unlink", "lo_unlink")

// loses reports whether statement[i] is the name of such a function in a call.
func loses(statement []token, i int) bool {
	t := statement[i]
	return (t.kind == word || t.kind == quoted) && losing[t.text] && i+1 < len(statement) && statement[i+1].kind == sign && statement[i+1].text == "("
}

// actingFunction is the first function with a side effect that a query names; empty where there is none. A function of
// the user's own can't be seen through.
func actingFunction(sql string) (name, does, instead string) {
	for _, t := range scan(sql) {
		if t.kind != word && t.kind != quoted {
			continue
		}
		name := strings.ToLower(t.text)
		for _, a := range acting {
			if a.names[name] {
				return name, a.does, a.instead
			}
		}
	}
	return "", "", ""
}

// classifyQuery is read unless the query calls what READ ONLY doesn't stop.
func classifyQuery(sql string) provider.Effect {
	if name, _, _ := actingFunction(sql); name == "" {
		return provider.Read
	}
	return classifyExec(sql)
}

// becauseQuery names what makes a query a write.
func becauseQuery(args *queryArgs, _ provider.Known) string {
	name, does, instead := actingFunction(args.SQL)
	if name == "" {
		return ""
	}
	return fmt.Sprintf("postgres_query calls %s, which %s even in a READ ONLY transaction; %s", name, does, instead)
}

// becauseExec names the statement that is worst, or the first that changes something.
func becauseExec(args *execArgs, known provider.Known) string {
	if !known("sql") || !known("statements") {
		return "what postgres_exec is to send is not known before the run, and may be any statement"
	}
	list, which := args.Statements, func(i int) string { return fmt.Sprintf("as statement %d of %d", i+1, len(args.Statements)) }
	if len(list) == 0 {
		list, which = []string{args.SQL}, func(int) string { return "" }
	}
	told := ""
	for i, sql := range list {
		statements := split(scan(sql))
		if len(statements) == 0 {
			continue
		}
		verb := firstWord(statements[0])
		if told != "" && classifyExec(sql) < provider.Destructive || queries[verb] && verb != "with" && i+1 < len(list) {
			continue
		}
		told = strings.TrimSpace(fmt.Sprintf("postgres_exec sends %s %s", describe(verb, statements[0][0]), which(i)))
		if name, does, _ := actingFunction(sql); name != "" {
			told += fmt.Sprintf(", in which %s %s", name, does)
		}
		if classifyExec(sql) == provider.Destructive {
			break
		}
	}
	return told
}

// worstOfExec is that of the worst statement; what is not known may say anything.
func worstOfExec(args *execArgs, known provider.Known) provider.Effect {
	if !known("sql") || !known("statements") {
		return provider.Destructive
	}
	return leastOfExec(args, known)
}

// leastOfExec is that of the worst statement that is known. Of one that is known in part only the first words count: what comes behind
// them may be a WHERE, a text or a comment, or end one.
func leastOfExec(args *execArgs, known provider.Known) provider.Effect {
	effect := leastOf(args.SQL, known("sql"))
	for i, s := range args.Statements {
		effect = max(effect, leastOf(s, known(fmt.Sprintf("statements[%d]", i))))
	}
	return effect
}

func leastOf(sql string, whole bool) provider.Effect {
	if !whole && !dropping.MatchString(sql) {
		return provider.Write
	}
	return classifyExec(sql)
}

// dropping is the beginning of a statement that loses something whatever follows.
var dropping = regexp.MustCompile(`(?is)^\s*(drop|truncate)\s`)

// classifyExec is destructive for DROP, TRUNCATE, DELETE and UPDATE without WHERE, a MERGE that deletes, and calls of what loses something,
// wherever they stand, else write.
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
		case loses(statement, i):
			return true
		case t.kind != word:
		case t.text == "drop" && first == "alter":
			return true
		case (t.text == "drop" || t.text == "truncate") && startsPart(statement, i):
			return true
		case t.text == "update" && (startsPart(statement, i) || opens(statement, i)) && !hasWhere(statement[i:]):
			return true
		case t.text == "delete" && first == "merge" && startsPart(statement, i):
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
