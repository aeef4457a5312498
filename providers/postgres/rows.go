package postgres

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// rowSet reads a table by the names of its columns.
type rowSet struct {
	rows []row
	// err is the first column that is not there or not of the form asked for: a mistake in the statement.
	err error
}

// row is one row of a rowSet.
type row struct {
	set    *rowSet
	index  map[string]int
	values [][]byte
}

func rowsOf(t table) *rowSet {
	index := make(map[string]int, len(t.columns))
	for i, c := range t.columns {
		index[c.name] = i
	}
	set := &rowSet{rows: make([]row, len(t.rows))}
	for i, values := range t.rows {
		set.rows[i] = row{set: set, index: index, values: values}
	}
	return set
}

// only is the row of a statement that gives exactly one.
func (s *rowSet) only() row {
	if len(s.rows) != 1 {
		s.fail(fmt.Errorf("the server gave %d rows, expected one", len(s.rows)))
		return row{set: s}
	}
	return s.rows[0]
}

func (s *rowSet) fail(err error) {
	if s.err == nil && err != nil {
		s.err = err
	}
}

// get is nil for NULL.
func (r row) get(name string) []byte {
	i, ok := r.index[name]
	if !ok || i >= len(r.values) {
		r.set.fail(fmt.Errorf("the server gave no column %q", name))
		return nil
	}
	return r.values[i]
}

func (r row) text(name string) string { return string(r.get(name)) }

func (r row) bool(name string) bool { return r.text(name) == "t" }

// integer and float are 0 for NULL.
func (r row) integer(name string) int64 {
	if n := r.optionalInteger(name); n != nil {
		return *n
	}
	return 0
}

func (r row) float(name string) float64 {
	if n := r.optionalFloat(name); n != nil {
		return *n
	}
	return 0
}

// optionalFloat is nil for NULL.
func (r row) optionalFloat(name string) *float64 {
	raw := r.get(name)
	if raw == nil {
		return nil
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	r.set.fail(err)
	return &n
}

// optionalInteger is nil for NULL.
func (r row) optionalInteger(name string) *int64 {
	raw := r.get(name)
	if raw == nil {
		return nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	r.set.fail(err)
	return &n
}

// time reads seconds since 1970; NULL is the zero time.
func (r row) time(name string) time.Time {
	seconds := r.optionalFloat(name)
	if seconds == nil {
		return time.Time{}
	}
	whole, part := math.Modf(*seconds)
	return time.Unix(int64(whole), int64(part*1e9)).UTC()
}
