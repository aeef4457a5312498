package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

// change runs one statement inside the transaction. Of a plain change of a table's rows, where it is the only statement,
// it keeps the rows before and after.
func (x *execution) change(ctx context.Context, ch *change, only bool) error {
	if only && x.limit > 0 && ch.tree != nil {
		x.warnUntold(ch)
		verb, table, err := x.tellable(ctx, ch)
		if err != nil {
			return err
		}
		if verb != "" {
			return x.tell(ctx, ch, verb, table)
		}
	}
	_, err := x.carryOut(ctx, ch, ch.sql, 0)
	return err
}

// tellable gives what a statement does to which table where its rows can be told; otherwise verb is empty.
func (x *execution) tellable(ctx context.Context, ch *change) (verb string, table sqlparse.Name, err error) {
	verb, table = ch.tree.Change()
	if verb == "" {
		return "", table, nil
	}
	plain, there, err := x.plain(ctx, table)
	switch {
	case err != nil || plain:
		return verb, table, err
	case there:
		err = x.mayLack([]string{"before", "after"}, "its table is not an ordinary one, has a rule or row security, or a column that the role may not read")
	}
	return "", table, err
}

// tell carries a change out and keeps its rows.
func (x *execution) tell(ctx context.Context, ch *change, verb string, name sqlparse.Name) error {
	changed, err := x.tally(ctx, name)
	if err != nil {
		return err
	}
	var earlier earlierRows
	if verb == sqlparse.Update {
		if earlier, err = x.before(ctx, ch); err != nil {
			return err
		}
	}
	a, err := x.carryOut(ctx, ch, returning(ch.sql), x.limit)
	if err != nil {
		return err
	}
	switch verb {
	case sqlparse.Insert:
		err = x.keep(table{}, a.table, true, a.rows)
	case sqlparse.Delete:
		err = x.keep(a.table, table{}, true, a.rows)
	case sqlparse.Update:
		if err := x.onlyChanged(ctx, &earlier, a.rows); err != nil {
			return err
		}
		err = x.keep(earlier.table, a.table, earlier.known, a.rows)
	}
	if err != nil {
		return err
	}
	return x.whole(ctx, verb, name, changed, a.rows)
}

// carryOut sends a statement, of whose rows it gives up to limit.
func (x *execution) carryOut(ctx context.Context, ch *change, sql string, limit int) (answer, error) {
	x.acted = x.acted || ch.outside
	a, err := x.sendWith(ctx, sql, ch.params, limit)
	if f, ok := errors.AsType[*failed](err); ok {
		f.sql = ch.sql
	}
	if err == nil {
		x.add(a)
	}
	return a, err
}

// instead is what to do about an undo that can't count on the rows.
const instead = "copy the rows into a table of their own in a step before (CREATE TABLE … AS SELECT), and have the undo copy them back, without self.before and self.after"

// lacks refuses statements that there are no rows before and after of, where the undo counts on them. Nothing was sent yet.
func (x *execution) lacks(list []change, transaction bool) error {
	if !x.countedOn("before") && !x.countedOn("after") {
		return nil
	}
	why := ""
	switch {
	case !transaction:
		why = untoldAlone
	case x.limit == 0:
		why = untoldLimit
	case len(list) != 1:
		why = untoldList
	case list[0].tree == nil:
		why = "PostgreSQL 17's grammar does not know the statement"
	default:
		why = untold(list[0].sql)
		if verb, _ := list[0].tree.Change(); why == "" && verb == "" {
			why = "it is not a plain INSERT, UPDATE or DELETE"
		}
	}
	if why == "" {
		return nil
	}
	return x.client.refuse(execOp, fmt.Errorf("not carried out, as the rows before and after, on which the undo counts, can't be told: %s; %s", why, instead))
}

const notTold = "the rows %s are null: %s"

// mayLack warns that rows are null, and refuses to go on where the step's undo counts on them.
func (x *execution) mayLack(rows []string, why string) error {
	if slices.ContainsFunc(rows, x.countedOn) {
		return x.client.refuse(execOp, fmt.Errorf("not carried out, as the rows %s, on which the undo counts, can't be told: %s; %s",
			strings.Join(rows, " and "), why, instead))
	}
	x.warn(notTold, strings.Join(rows, " and "), why)
	return nil
}

// warnUntold warns of a change of rows that are not told.
func (x *execution) warnUntold(ch *change) {
	if why := untold(ch.sql); why != "" && ch.tree.ChangesRows() {
		x.warn(notTold, "before and after", why)
	}
}

// keep puts rows into the result: of a change of so many, those that are within the limits. An undo that counts on them would take
// back a part of the change.
func (x *execution) keep(before, after table, beforeKnown bool, changed int64) error {
	x.result.Truncated = before.truncated || after.truncated
	kept := max(len(before.rows), len(after.rows))
	if x.result.Truncated && (x.countedOn("before") || x.countedOn("after")) {
		return x.client.refuse(execOp, fmt.Errorf("not carried out, as the undo counts on the rows before or after, and only %d of %d rows can be "+
			"kept: row_limit is %d (%d is the most), and all of them may have %d MiB; raise row_limit, or change fewer rows at a time",
			kept, changed, x.limit, maxExecRows, maxTableBytes>>20))
	}
	var err error
	if beforeKnown {
		if x.result.Before, err = decodeRows(before, givenBack(x.countedOn("before")), x.warn); err != nil {
			return x.inexact("before", err)
		}
	}
	if x.result.After, err = decodeRows(after, givenBack(x.countedOn("after")), x.warn); err != nil {
		return x.inexact("after", err)
	}
	return nil
}

// inexact refuses a change whose undo would make other rows of those that it counts on.
func (x *execution) inexact(rows string, why error) error {
	return x.client.refuse(execOp, fmt.Errorf("not carried out, as an undo that counts on the rows %s can't give them back as they are: %w; %s", rows, why, instead))
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
