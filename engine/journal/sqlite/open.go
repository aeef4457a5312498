package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	driver "modernc.org/sqlite" // the driver "sqlite", too
	code "modernc.org/sqlite/lib"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
)

// Open opens the journal at path and makes it, with its folder, where it does not exist. Errors name the path and what
// is wrong with it: a folder that can't be written, a file that is no journal or was made by a newer version.
func Open(ctx context.Context, path string) (journal.Journal, error) {
	if err := noFile(path); err != nil {
		return nil, explain(path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the run history can't be made: %w; choose another file with --store", err)
	}
	// SQLite makes files that everyone may read; evidence is the user's own.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, explain(path, err)
	}
	info, err := file.Stat()
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, explain(path, err)
	}
	if err := refuse(path); err != nil {
		return nil, explain(path, err)
	}
	db, err := sql.Open("sqlite", dsn(path, url.Values{"_txlock": {"immediate"}}, "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)"))
	if err != nil {
		return nil, explain(path, err)
	}
	s := newStore(path, db)
	s.file = info
	s.Writer = batch.NewWriter(s)
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(explain(path, err), s.look.end(), db.Close())
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(explain(path, err), s.look.end(), db.Close())
	}
	s.conn = conn
	return s, nil
}

// noFile refuses what keeps nothing, and what SQLite does not take for a file.
func noFile(path string) error {
	if path == ":memory:" {
		return errors.New("a history in memory would be gone with the program, which needs it to resume a run")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().IsRegular():
		return nil
	case info.IsDir():
		return &fs.PathError{Op: "open", Path: path, Err: errors.New("is a directory")}
	case info.Mode()&fs.ModeDevice != 0:
		return errors.New("it is a device, not a file")
	}
	return errors.New("it is a pipe or a socket, not a file")
}

// ready looks at a file, as far as its size lets it, and only then brings it to the present layout.
func (s *store) ready(ctx context.Context) error {
	if err := s.looked(ctx); err != nil {
		return err
	}
	return s.migrate(ctx)
}

// OpenReadOnly opens the journal at path for reading. It makes no file and changes none, reads files of older layouts as
// they are, and needs no right to write. A file that does not exist gives fs.ErrNotExist. Of one that SQLite can't read, it gives
// what is left on its pages.
func OpenReadOnly(ctx context.Context, path string) (journal.Journal, error) {
	if err := noFile(path); err != nil {
		return nil, explain(path, err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, explain(path, err)
	}
	if err := refuse(path); errors.Is(err, journal.ErrDamaged) {
		return findLeftover(ctx, path, explain(path, err))
	} else if err != nil {
		return nil, explain(path, err)
	}
	s, err := openReading(ctx, path, url.Values{"mode": {"ro"}})
	if err != nil && unwritten(path) {
		// SQLite shares memory with writers in a file beside the journal. Where it can't be made, and there is no log of a writer
		// either, nobody writes.
		s, err = openReading(ctx, path, url.Values{"mode": {"ro"}, "immutable": {"1"}})
	}
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, journal.ErrDamaged):
		return findLeftover(ctx, path, err)
	case isCannotOpen(err) && !unwritten(path):
		return nil, explain(path, fmt.Errorf("a program that is gone has left the log %s beside it, and that can't be read without the right to write there: "+
			"copy both to a folder of your own, and name the copy", logOf(path)))
	}
	return nil, err
}

func openReading(ctx context.Context, path string, q url.Values) (journal.Journal, error) {
	db, err := sql.Open("sqlite", dsn(path, q))
	if err != nil {
		return nil, explain(path, err)
	}
	s := newStore(path, db)
	if s.layout, err = layoutOf(ctx, db); err == nil && s.layout == 0 {
		err = refuseForeign(ctx, db)
	} else if err == nil {
		// A shared memory that can't be had shows with the first read of a table.
		var n int
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n)
	}
	if err != nil {
		return nil, errors.Join(explain(path, err), db.Close())
	}
	return s, nil
}

// logOf is the file beside a journal that holds what was written last.
func logOf(path string) string { return path + "-wal" }

// unwritten reports whether there is no write-ahead log beside a journal.
func unwritten(path string) bool {
	info, err := os.Stat(logOf(path))
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
}

// magic is what an SQLite file begins with, see its file format.
const magic = "SQLite format 3\x00"

// refuse refuses an empty file beside a log that is not, as SQLite would begin anew and delete the log, one beside a log of which SQLite
// would drop a part, and a file that was never a history. One whose beginning is blank may have been one.
func refuse(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	start := make([]byte, len(magic))
	n, err := io.ReadFull(file, start)
	switch {
	case n == 0 && errors.Is(err, io.EOF) && unwritten(path):
		return nil
	case n == 0 && errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it is empty, yet %s is not; put both in safety", journal.ErrDamaged, logOf(path))
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case string(start) != magic && len(bytes.Trim(start, "\x00")) > 0:
		return errors.New("it is no history of runs but some other file, and stays as it is")
	}
	return soundLog(path)
}

func isCannotOpen(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.Code()&0xff == code.SQLITE_CANTOPEN
}

// patient is how long many processes may wait for each other to commit, in ms.
const patient = "busy_timeout(30000)"

// dsn names a file to the driver.
func dsn(path string, q url.Values, pragmas ...string) string {
	q["_pragma"] = append([]string{patient}, pragmas...)
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

func explain(path string, err error) error {
	return fmt.Errorf("the run history %s can't be used: %w; choose another file with --store", path, inWords(err))
}
