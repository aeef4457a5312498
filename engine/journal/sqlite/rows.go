package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// summedRows are the rows of a table that have a sum each, of these columns, from a layout of the file on; key is the one by which a row
// is known.
type summedRows struct {
	table, key, columns string
	since               int
}

// runColumns begin with those by which a run's row is looked at.
const runColumns = "number, ended_at, sum, " + summaryColumns

var (
	runRows     = summedRows{"runs", "id", runColumns, layoutWithAllSums}
	messageRows = summedRows{"messages", "id", "id, run, body, sum", layoutWithEnds}
	lockRows    = summedRows{"locks", "name", "name, token, run, owner, since, expires_at, expires_boot, sum", layoutWithEnds}
)

// query selects the rows in a file of a layout, with NULL for a sum that they don't have.
func (s summedRows) query(layout int) string {
	columns := s.columns
	if layout < s.since {
		columns = strings.Replace(columns, "sum", "NULL", 1)
	}
	return "SELECT " + columns + " FROM " + s.table
}

// sum gives a row its sum, once it was changed.
func (s summedRows) sum(ctx context.Context, db preparer, key any) error {
	rows, err := db.QueryContext(ctx, s.query(s.since)+" WHERE "+s.key+" = ?", key)
	if err != nil {
		return err
	}
	var is int64
	for rows.Next() {
		if is, _, err = rowSum(rows); err != nil {
			break
		}
	}
	if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "UPDATE "+s.table+" SET sum = ? WHERE "+s.key+" = ?", is, key)
	return err
}

// preparer is a connection or a transaction.
type preparer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// rowSum is the sum of a row, and whether it has another: one without the column sum, of an older layout, has none.
func rowSum(rows *sql.Rows) (is int64, changed bool, err error) {
	names, err := rows.Columns()
	if err != nil {
		return 0, false, err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return 0, false, err
	}
	h, kept, summed := crc32.New(castagnoli), any(nil), false
	for i, v := range values {
		if names[i] == "sum" {
			kept, summed = v, true
			continue
		}
		if text, ok := v.([]byte); ok {
			v = string(text)
		}
		h.Write(fmt.Appendf(nil, "%v\x00", v))
	}
	is = int64(h.Sum32())
	return is, summed && kept != any(is), nil
}

// each gives the rows of a query to do.
func each(ctx context.Context, db preparer, query string, do func(*sql.Rows) error, args ...any) (err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
