package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// execMisfits finds statements that no transaction may hold within one, and values for statements that take none.
func execMisfits(args *execArgs, known provider.Known) map[string]string {
	misfits := map[string]string{}
	if known("statements") && len(args.Statements) > 0 && known("args") && args.Args.IsKnown() && !args.Args.IsNull() {
		misfits["args"] = "statements take no args, which are the values of sql; give each statement that needs them a step of its own, with sql"
	}
	if name, why := paramMisfit(args.SQL, args.Args, known); why != "" && len(args.Statements) == 0 {
		misfits[name] = why
	}
	if !known("transaction") || !args.Transaction {
		return misfits
	}
	if name := alone(args.SQL); known("sql") && name != "" {
		misfits["sql"] = fmt.Sprintf("PostgreSQL runs %s only outside a transaction; add transaction = false to the step", name)
	}
	for i, sql := range args.Statements {
		if name := alone(sql); known("statements") && name != "" {
			misfits["statements"] = fmt.Sprintf("PostgreSQL runs %s, statement %d of them, only outside a transaction; give it a step of its own, with transaction = false",
				name, i+1)
			break
		}
	}
	return misfits
}

// lonely are the statements that PostgreSQL refuses within a transaction (PreventInTransactionBlock in its sources): words that
// they begin with, and words in a row that come later.
var lonely = []struct{ begins, has string }{
	{"vacuum", ""},
	{"create database", ""}, {"drop database", ""}, {"alter database", "set tablespace"}, {"alter database", "with tablespace"},
	{"create subscription", ""}, {"alter subscription", "refresh publication"},
	{"alter subscription", "set publication"}, {"alter subscription", "add publication"}, {"alter subscription", "drop publication"},
	{"create tablespace", ""}, {"drop tablespace", ""},
	{"alter system", ""}, {"discard all", ""},
	{"create index", "concurrently"}, {"create unique index", "concurrently"}, {"drop index", "concurrently"},
	{"reindex", "concurrently"}, {"reindex schema", ""}, {"reindex database", ""}, {"reindex system", ""},
	{"alter table", "concurrently"}, // DETACH PARTITION
}

// alone names a statement that no transaction may hold, as far as its words tell; empty: it may.
func alone(sql string) string {
	statements := split(scan(sql))
	if len(statements) != 1 {
		return ""
	}
	words := wordsOf(statements[0])
	if strings.HasPrefix(words, "create subscription ") && namesOption(statements[0], "create_slot", "connect") ||
		strings.HasPrefix(words, "alter subscription ") && namesOption(statements[0], "refresh") && !strings.Contains(words, " refresh publication ") {
		return "" // it may make no slot on the publisher, or ask it nothing: then a transaction may hold it
	}
	for _, l := range lonely {
		if !strings.HasPrefix(words, l.begins+" ") {
			continue
		}
		if l.has == "" || strings.Contains(words, " "+l.has+" ") {
			return strings.ToUpper(strings.TrimSuffix(l.begins+" … "+l.has, " … "))
		}
	}
	if slices.Contains([]string{"cluster ", "cluster verbose "}, words) {
		return "CLUSTER of all tables"
	}
	return ""
}

// namesOption reports whether a statement names one of some options, whatever it sets it to.
func namesOption(statement []token, options ...string) bool {
	return slices.ContainsFunc(statement, func(t token) bool { return slices.Contains(options, t.text) })
}

// wordsOf are the unquoted words of a statement, each with a space behind it; those in parentheses, and what is quoted, left out.
func wordsOf(statement []token) string {
	var b strings.Builder
	depth := 0
	for _, t := range statement {
		switch {
		case t.kind == sign && t.text == "(":
			depth++
		case t.kind == sign && t.text == ")":
			depth--
		case t.kind == quoted && depth == 0:
			b.WriteString(`"" `)
		case t.kind == word && depth == 0:
			b.WriteString(t.text + " ")
		}
	}
	return b.String()
}
