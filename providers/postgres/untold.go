package postgres

import (
	"slices"

	"github.com/e82355ed/runbook/engine/provider"
)

// Why no rows are told of any statement.
const (
	untoldAlone = "the rows are told of what runs in a transaction"
	untoldLimit = "row_limit is 0"
	untoldList  = "the rows are told of sql, and not of statements"
)

// lacksRows tells of arguments that can be known beforehand why the rows before and after are not.
func lacksRows(args *execArgs, known provider.Known) map[string]string {
	why := ""
	switch {
	case known("transaction") && !args.Transaction:
		why = untoldAlone
	case known("row_limit") && args.RowLimit == 0:
		why = untoldLimit
	case known("statements") && len(args.Statements) > 0:
		why = untoldList
	case known("sql") && args.SQL != "":
		why = untold(args.SQL)
	}
	if why == "" {
		return nil
	}
	return map[string]string{"before": why, "after": why}
}

// untold says what in a statement keeps its rows before and after from being told; empty: nothing does.
func untold(sql string) string {
	statements := split(scan(sql))
	if len(statements) != 1 {
		return ""
	}
	statement := statements[0]
	verb := firstWord(statement)
	if !slices.Contains([]string{"insert", "update", "delete"}, verb) {
		return "it is not an INSERT, UPDATE or DELETE by itself"
	}
	depth, before := 0, ""
	for _, t := range statement {
		switch {
		case t.kind == sign && (t.text == "(" || t.text == "["):
			depth++
		case t.kind == sign && (t.text == ")" || t.text == "]"):
			depth--
		case t.kind == word && depth == 0:
			for _, c := range clauses {
				if c.word == t.text && (c.verb == "" || c.verb == verb) && (c.behind == "" || c.behind == before) && before != "distinct" {
					return c.why
				}
			}
		}
		before = ""
		if t.kind == word {
			before = t.text
		}
	}
	return ""
}

// clauses are the words that bring rows which are not told, of one verb or any, perhaps behind another word. Nothing stands behind
// DISTINCT: that is a comparison.
var clauses = []struct{ verb, behind, word, why string }{
	{"", "", "returning", "it has a RETURNING of its own; leave that out, and after holds the rows"},
	{"insert", "on", "conflict", "it has ON CONFLICT, and which rows were there is not known"},
	{"update", "", "from", "it has FROM, so that its condition can't be asked by itself"},
	{"delete", "", "using", "it has USING, so that its condition can't be asked by itself"},
}
