package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/e82355ed/runbook/engine/journal"
)

// schemaVersion is kept in the file's user_version.
const schemaVersion = 1

// schema makes a new file. A run's row is written with its first batch and completed with its last.
const schema = `
CREATE TABLE runs (
	id          TEXT PRIMARY KEY,
	runbook     TEXT NOT NULL,
	file        TEXT NOT NULL,
	environment TEXT NOT NULL,
	user        TEXT NOT NULL,
	started_at  INTEGER NOT NULL, -- microseconds since 1970
	outcome     TEXT NOT NULL DEFAULT '',
	duration_ms REAL NOT NULL DEFAULT 0,
	exit_status INTEGER,
	counts      TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs (started_at);
CREATE TABLE batches (
	run       TEXT NOT NULL,
	first_seq INTEGER NOT NULL,
	events    BLOB NOT NULL, -- JSON lines
	UNIQUE (run, first_seq)
);
CREATE TABLE vals (
	runbook TEXT NOT NULL,
	name    TEXT NOT NULL, -- step.threshold
	at      INTEGER NOT NULL,
	run     TEXT NOT NULL,
	value   REAL NOT NULL,
	unit    TEXT NOT NULL,
	outcome TEXT NOT NULL
);
CREATE INDEX vals_by_name ON vals (runbook, name, at);
`

// Open opens the journal at path and makes it, with its folder, where it does not exist. Errors name the path and what
// is wrong with it: a folder that can't be written, a file that is no journal or was made by a newer version.
func Open(ctx context.Context, path string) (journal.Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the run history can't be made: %w; choose another file with --store", err)
	}
	// SQLite makes files that everyone may read; evidence is the user's own.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, explain(path, err)
	}
	if err := file.Close(); err != nil {
		return nil, explain(path, err)
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, explain(path, err)
	}
	if err := prepare(ctx, db); err != nil {
		return nil, errors.Join(explain(path, err), db.Close())
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(explain(path, err), db.Close())
	}
	return newStore(path, db, conn), nil
}

func dsn(path string) string {
	q := url.Values{}
	for _, pragma := range []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"} {
		q.Add("_pragma", pragma)
	}
	q.Set("_txlock", "immediate")
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

// prepare makes the tables of a new file and refuses one of a newer version.
func prepare(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version == schemaVersion {
		return nil
	}
	if version > schemaVersion {
		return fmt.Errorf("it was made by a newer version of runbook (layout %d, this program knows %d); use that version or another file", version, schemaVersion)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	// Another process may have been first.
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version == schemaVersion {
		return err
	}
	if _, err := tx.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA user_version = %d;", schemaVersion)); err != nil {
		return err
	}
	return tx.Commit()
}

func explain(path string, err error) error {
	return fmt.Errorf("the run history %s can't be used: %w; choose another file with --store", path, err)
}
