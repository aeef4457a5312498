package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// earlierRows are the rows that an UPDATE is about to change, as they were read and locked right before.
type earlierRows struct {
	table table
	// known is false where they can't be told.
	known bool
	// target is how the statement names its table.
	target string
	// versions and tables say where each row lies. A row that is changed lies elsewhere afterwards, and what lies there is seen
	// no more.
	versions, tables []string
}

// before reads the rows that an UPDATE is about to change, and locks them as it will. Where its condition can't be asked
// by itself, they are not known.
func (x *execution) before(ctx context.Context, ch *change) (earlierRows, error) {
	lacking := func() (earlierRows, error) {
		return earlierRows{}, x.mayLack([]string{"before"}, "its condition can't be asked by itself")
	}
	sql, target, ok := selectBefore(ch.sql, len(ch.params))
	if !ok || classifyQuery(ch.sql) != provider.Read {
		return lacking()
	}
	a, ok, err := x.aside(ctx, sql, x.limit, ch.params)
	if err != nil {
		return earlierRows{}, err
	}
	if !ok {
		return lacking()
	}
	rows := earlierRows{table: a.table, known: true, target: target}
	last := len(a.table.columns) - 2
	rows.table.columns = a.table.columns[:last]
	for i, row := range a.table.rows {
		rows.tables, rows.versions = append(rows.tables, string(row[last])), append(rows.versions, string(row[last+1]))
		rows.table.rows[i] = row[:last]
	}
	return rows, nil
}

// aside asks something that the server may refuse without an end to the transaction; ok is false where it did.
func (x *execution) aside(ctx context.Context, sql string, limit int, values params) (a answer, ok bool, err error) {
	if _, err := x.send(ctx, "SAVEPOINT runbook_before", nil, 0); err != nil {
		return answer{}, false, err
	}
	a, err = x.sendWith(ctx, sql, values, limit)
	end := "RELEASE SAVEPOINT runbook_before"
	if err != nil {
		if !errors.As(err, new(*pgconn.PgError)) {
			return answer{}, false, err
		}
		end = "ROLLBACK TO SAVEPOINT runbook_before"
	}
	_, ended := x.send(ctx, end, nil, 0)
	return a, err == nil, ended
}

// onlyChanged leaves those of the earlier rows that the UPDATE changed: a trigger may keep it from some. It changed others where its
// condition chooses anew each time it is asked, as with random() or LIMIT without an order, or where others added rows in between;
// then those before are not known.
func (x *execution) onlyChanged(ctx context.Context, rows *earlierRows, changed int64) error {
	if !rows.known {
		return nil
	}
	a, ok, err := x.aside(ctx, "SELECT tableoid, ctid FROM "+rows.target+" WHERE ctid = ANY ($1::pg_catalog.tid[]) "+
		"AND tableoid::pg_catalog.text || ctid::pg_catalog.text = ANY ($2::pg_catalog.text[])", len(rows.versions), rows.places())
	if err != nil {
		return err
	}
	unchanged := map[string]bool{}
	for _, row := range a.table.rows {
		unchanged[string(row[0])+string(row[1])] = true
	}
	at := -1
	rows.table.rows = slices.DeleteFunc(rows.table.rows, func([][]byte) bool {
		at++
		return unchanged[rows.tables[at]+rows.versions[at]]
	})
	if rows.known = ok && (rows.table.truncated || int64(len(rows.table.rows)) == changed); !rows.known {
		return x.mayLack([]string{"before"}, "the statement changed other rows than its condition had chosen right before")
	}
	return nil
}

// places are the parameters for where the rows lie.
func (r *earlierRows) places() params {
	versions, whole := []cty.Value{}, []cty.Value{}
	for i, version := range r.versions {
		versions, whole = append(versions, cty.StringVal(version)), append(whole, cty.StringVal(r.tables[i]+version))
	}
	return params{cty.TupleVal(versions), cty.TupleVal(whole)}
}

// selectBefore makes the question for the rows of an UPDATE: its table and its condition are taken over word by word. Behind the
// columns it asks where each row lies.
func selectBefore(sql string, params int) (question, target string, ok bool) {
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
		return "", "", false
	}
	target = sql[tokens[0].at+len("update") : tokens[set].at]
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
	question = fmt.Sprintf("SELECT *, tableoid, ctid FROM %s WHERE (%s\n)%s FOR UPDATE", target, condition, unused.String())
	return question, target, true
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
