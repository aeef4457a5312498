package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

// change runs one statement inside the transaction. Of a plain change of a table's rows, where it is the only statement,
// it keeps the rows before and after.
func (x *execution) change(ctx context.Context, ch *change, only bool) error {
	verb := ""
	if only && x.limit > 0 && ch.tree != nil {
		x.warnUntold(ch)
		var table sqlparse.Name
		verb, table = ch.tree.Change()
		if verb != "" {
			plain, there, err := x.plain(ctx, table)
			if err != nil {
				return err
			}
			if !plain {
				verb = ""
			}
			if there && !plain {
				if err := x.mayLack("its table is not an ordinary one, has a rule or row security, or a column that the role may not read"); err != nil {
					return err
				}
			}
		}
	}
	before, known := table{}, verb == sqlparse.Insert
	if verb == sqlparse.Update {
		var err error
		if before, known, err = x.before(ctx, ch); err != nil {
			return err
		}
		if !known {
			if err := x.mayLack("its condition can't be asked by itself"); err != nil {
				return err
			}
		}
	}
	sql, limit := ch.sql, 0
	if verb != "" {
		sql, limit = returning(ch.sql), x.limit
	}
	a, err := x.send(ctx, sql, ch.params, limit)
	if f, ok := errors.AsType[*failed](err); ok {
		f.sql = ch.sql
	}
	if err != nil {
		return err
	}
	x.add(a)
	switch {
	case verb == sqlparse.Delete:
		x.keep(a.table, table{}, true)
	case verb != "":
		x.keep(before, a.table, known)
	}
	return nil
}

const notTold = "the rows before and after are null: %s"

// mayLack warns that the rows before are null, and refuses to go on where the step's undo counts on them.
func (x *execution) mayLack(why string) error {
	if x.countedOn("before") {
		return x.client.refuse(execOp, fmt.Errorf("not carried out, as the rows before, on which the undo counts, can't be told: %s", why))
	}
	x.warn(notTold, why)
	return nil
}

// warnUntold warns of a change of rows that are not told.
func (x *execution) warnUntold(ch *change) {
	if why := untold(ch.sql); why != "" && ch.tree.ChangesRows() {
		x.warn(notTold, why)
	}
}

// keep puts rows into the result.
func (x *execution) keep(before, after table, beforeKnown bool) {
	if beforeKnown {
		x.result.Before = decodeRows(before, x.warn)
	}
	x.result.After = decodeRows(after, x.warn)
	x.result.Truncated = before.truncated || after.truncated
}

// plain reports whether RETURNING may be added to a change of a table: it is an ordinary one whose every column the role
// may read, with neither rules nor row security; there whether it is there at all, which the server says better.
func (x *execution) plain(ctx context.Context, name sqlparse.Name) (plain, there bool, err error) {
	a, err := x.send(ctx, `SELECT c.relkind IN ('r', 'p') AND NOT c.relhasrules AND NOT c.relrowsecurity
		AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS plain
		FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)`, [][]byte{[]byte(quoteName(name))}, 1)
	if err != nil || len(a.table.rows) == 0 {
		return false, false, err
	}
	return rowsOf(a.table).only().bool("plain"), true, nil
}

// before reads the rows that an UPDATE is about to change, and locks them as it will. Where its condition can't be asked
// by itself, they are not known.
func (x *execution) before(ctx context.Context, ch *change) (t table, known bool, err error) {
	sql, ok := selectBefore(ch.sql, len(ch.params))
	if !ok || actingFunction(ch.sql) != "" {
		return table{}, false, nil
	}
	if _, err := x.send(ctx, "SAVEPOINT runbook_before", nil, 0); err != nil {
		return table{}, false, err
	}
	a, err := x.send(ctx, sql, ch.params, x.limit)
	end := "RELEASE SAVEPOINT runbook_before"
	if err != nil {
		if !errors.As(err, new(*pgconn.PgError)) {
			return table{}, false, err
		}
		end = "ROLLBACK TO SAVEPOINT runbook_before"
	}
	_, ended := x.send(ctx, end, nil, 0)
	return a.table, err == nil, ended
}

// returning adds RETURNING * to a change that has none.
func returning(sql string) string {
	return sql[:endOf(sql)] + "\nRETURNING *"
}

// endOf is where a text's last token ends: behind it there are at most a semicolon, spaces and comments.
func endOf(sql string) int {
	tokens := scan(sql)
	for len(tokens) > 0 && tokens[len(tokens)-1].text == ";" && tokens[len(tokens)-1].kind == sign {
		tokens = tokens[:len(tokens)-1]
	}
	if len(tokens) == 0 {
		return len(sql)
	}
	s := scanner{sql: sql, pos: tokens[len(tokens)-1].at}
	s.next()
	return s.pos
}

// selectBefore makes the question for the rows of an UPDATE: its table and its condition are taken over word by word.
func selectBefore(sql string, params int) (string, bool) {
	tokens := scan(sql)
	depth, set, where := 0, -1, -1
	for i, t := range tokens {
		switch {
		case t.kind == sign && (t.text == "(" || t.text == "["):
			depth++
		case t.kind == sign && (t.text == ")" || t.text == "]"):
			depth--
		case t.kind == word && depth == 0 && t.text == "set" && set < 0:
			set = i
		case t.kind == word && depth == 0 && t.text == "where" && where < 0:
			where = i
		}
	}
	if len(tokens) == 0 || tokens[0].text != "update" || set < 0 || where >= 0 && where < set {
		return "", false
	}
	target := sql[tokens[0].at+len("update") : tokens[set].at]
	condition := "true"
	if where >= 0 {
		condition = sql[tokens[where].at+len("where") : endOf(sql)]
	}
	// Each parameter is named, for one that is not has no type.
	var unused strings.Builder
	for n := 1; n <= params; n++ {
		if mark := fmt.Sprintf("$%d", n); !hasParameter(tokens[max(where, 0):], where, n) {
			unused.WriteString(" AND (" + mark + "::text IS NULL OR true)")
		}
	}
	return fmt.Sprintf("SELECT * FROM %s WHERE (%s\n)%s FOR UPDATE", target, condition, unused.String()), true
}

// hasParameter reports whether $n is among the tokens of a condition.
func hasParameter(tokens []token, where, n int) bool {
	if where < 0 {
		return false
	}
	digits := fmt.Sprint(n)
	for i, t := range tokens {
		if t.text != "$" || t.kind != sign {
			continue
		}
		var b strings.Builder
		for _, d := range tokens[i+1:] {
			if d.kind != sign || d.text < "0" || d.text > "9" || len(d.text) != 1 {
				break
			}
			b.WriteString(d.text)
		}
		if b.String() == digits {
			return true
		}
	}
	return false
}
