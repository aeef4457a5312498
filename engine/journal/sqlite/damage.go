package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"github.com/e82355ed/runbook/engine/journal"
)

// full is an error that says by itself that the disk is full.
type full struct{ error }

func (f full) Unwrap() []error { return []error{f.error, journal.ErrNoSpace} }

// inWords says what SQLite tells by number alone, and marks what it says of a file that is broken or is none of its own.
func inWords(err error) error {
	var e *driver.Error
	switch told := errors.Is(err, journal.ErrNoSpace) || errors.Is(err, journal.ErrDamaged); {
	case told:
		return err
	case isGarbage(err):
		return fmt.Errorf("%w: %w", journal.ErrDamaged, err)
	case !errors.As(err, &e):
		return err
	}
	switch e.Code() {
	case code.SQLITE_IOERR_WRITE, code.SQLITE_IOERR_FSYNC, code.SQLITE_IOERR_TRUNCATE, code.SQLITE_IOERR_SHMSIZE:
		return fmt.Errorf("%w: %w", err, journal.ErrNoSpace)
	}
	switch e.Code() & 0xff {
	case code.SQLITE_FULL:
		return full{err}
	case code.SQLITE_CORRUPT, code.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", journal.ErrDamaged, err)
	}
	return err
}

// isGarbage knows what is read and is not of its kind: a text in place of a number, or in place of JSON.
func isGarbage(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind) || err != nil && strings.HasPrefix(err.Error(), "sql: Scan error on column")
}

var _ journal.Examiner = (*store)(nil)

// Examine has SQLite look at the file's structure, and finds the runs by what is left of the tables.
func (s *store) Examine(ctx context.Context) (ids, problems []string, err error) {
	if s.layout == 0 {
		return nil, nil, nil
	}
	const most = 20
	lines, err := s.strings(ctx, fmt.Sprintf("PRAGMA quick_check(%d)", most))
	if err != nil {
		lines = append(lines, err.Error())
	}
	for _, line := range lines {
		if line != "ok" {
			problems = append(problems, line)
		}
	}
	l := looker{besides: true}
	if err := l.look(ctx, s.db); err != nil {
		l.add("", s.readError(err))
	}
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	for _, err := range l.errs {
		problems = append(problems, err.Error())
	}
	found := map[string]bool{}
	for _, query := range []string{"SELECT id FROM runs NOT INDEXED", "SELECT DISTINCT run FROM batches"} {
		some, err := s.strings(ctx, query)
		if err != nil && !errors.Is(err, journal.ErrDamaged) {
			return nil, nil, err
		}
		if err != nil {
			problems = append(problems, err.Error())
		}
		for _, id := range some {
			found[id] = true
		}
	}
	if len(problems) > 0 {
		left, err := s.leftover(ctx, journal.ErrDamaged)
		if err != nil {
			return nil, nil, err
		}
		for _, id := range left.ids() {
			found[id] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), problems, nil
}

// leftover looks at all pages of a file of which SQLite could not read something; once.
func (s *store) leftover(ctx context.Context, damage error) (*leftover, error) {
	s.leftMu.Lock()
	defer s.leftMu.Unlock()
	if s.left == nil {
		left, err := findLeftover(ctx, s.path, damage)
		if err != nil {
			return nil, err
		}
		s.left = left
	}
	return s.left, nil
}

// strings gives the first column of what can be read.
func (s *store) strings(ctx context.Context, query string) (out []string, err error) {
	rows, err := s.db.QueryContext(ctx, query)
	if err != nil {
		return nil, s.readError(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return out, s.readError(err)
		}
		out = append(out, text)
	}
	if err := rows.Err(); err != nil {
		return out, s.readError(err)
	}
	return out, nil
}
