package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/e82355ed/runbook/engine/journal"
)

// layouts are the steps from one layout of the file to the next, the first from an empty file to layout 1. The file's
// user_version says which layout it has. A step that was released is never changed.
var layouts = []string{
	`
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
`,
	`
ALTER TABLE runs ADD COLUMN status TEXT NOT NULL DEFAULT 'running';
ALTER TABLE runs ADD COLUMN last_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN ended_at INTEGER; -- microseconds since 1970, of the last session
UPDATE runs SET status = 'ended', ended_at = started_at + CAST(duration_ms * 1000 AS INTEGER) WHERE exit_status IS NOT NULL;
UPDATE runs SET last_seq = coalesce((
	SELECT first_seq - 1 + length(CAST(events AS TEXT)) - length(replace(CAST(events AS TEXT), char(10), ''))
	FROM batches WHERE run = runs.id ORDER BY first_seq DESC LIMIT 1), 0);
CREATE INDEX vals_by_run ON vals (run);
-- What events leave out because it is sensitive, encrypted; batch is the first_seq of the event's batch.
CREATE TABLE sealed (
	run   TEXT NOT NULL,
	batch INTEGER NOT NULL,
	seq   INTEGER NOT NULL,
	data  BLOB NOT NULL,
	PRIMARY KEY (run, batch, seq)
) WITHOUT ROWID;
CREATE TABLE files (
	sha256  TEXT PRIMARY KEY,
	content BLOB NOT NULL
);
CREATE TABLE run_files (
	run    TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	PRIMARY KEY (run, sha256)
) WITHOUT ROWID;
CREATE INDEX run_files_by_content ON run_files (sha256);
CREATE TABLE messages (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	run  TEXT NOT NULL,
	body TEXT NOT NULL -- JSON
);
CREATE INDEX messages_by_run ON messages (run, id);
CREATE TABLE locks (
	name         TEXT PRIMARY KEY,
	token        TEXT NOT NULL, -- of the lease
	run          TEXT NOT NULL,
	owner        TEXT NOT NULL, -- JSON
	since        INTEGER NOT NULL, -- microseconds since 1970
	expires_at   INTEGER, -- likewise; null: a paused run holds it
	expires_boot INTEGER NOT NULL -- nanoseconds since the holder's boot
) WITHOUT ROWID;
CREATE INDEX locks_by_run ON locks (run);
`,
	// One tree holds the batches, by numbers, and nothing else changes with each: a commit is one page more often than not.
	// Sealed parts follow by the same numbers. The end of a run is that of its last batch.
	`
ALTER TABLE runs ADD COLUMN number INTEGER NOT NULL DEFAULT 0; -- see batches
UPDATE runs SET number = numbered.number FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM runs) AS numbered WHERE numbered.id = runs.id;
ALTER TABLE batches RENAME TO old_batches;
CREATE TABLE batches (
	id       INTEGER PRIMARY KEY, -- the run's number << 32 | the number of the first event
	run      TEXT NOT NULL,
	last_seq INTEGER NOT NULL,
	events   BLOB NOT NULL -- JSON lines
);
INSERT INTO batches (id, run, last_seq, events)
	SELECT runs.number << 32 | first_seq, run, coalesce(lead(first_seq) OVER (PARTITION BY run ORDER BY first_seq) - 1, runs.last_seq), events
	FROM old_batches JOIN runs ON runs.id = run ORDER BY 1;
DROP TABLE old_batches;
ALTER TABLE sealed RENAME TO old_sealed;
CREATE TABLE sealed (
	batch INTEGER NOT NULL, -- its id
	seq   INTEGER NOT NULL,
	data  BLOB NOT NULL,
	PRIMARY KEY (batch, seq)
) WITHOUT ROWID;
INSERT INTO sealed (batch, seq, data)
	SELECT runs.number << 32 | batch, seq, data FROM old_sealed JOIN runs ON runs.id = run ORDER BY 1, 2;
DROP TABLE old_sealed;
ALTER TABLE runs DROP COLUMN last_seq;
`,
	`
ALTER TABLE batches ADD COLUMN sum INTEGER; -- CRC-32C of the row, see addSums
`,
	// From here on the sum of a batch covers its rows in sealed.
	`
ALTER TABLE runs ADD COLUMN sum INTEGER; -- CRC-32C of the row, see summedRows
`,
	// Where a run ends stands apart from its events, on another page, and is put there by each batch itself: one statement stays all of
	// most transactions.
	`
ALTER TABLE messages ADD COLUMN sum INTEGER; -- likewise
ALTER TABLE locks ADD COLUMN sum INTEGER; -- likewise
CREATE TABLE ends (
	number   INTEGER PRIMARY KEY, -- of the run
	last_seq INTEGER NOT NULL -- of its last event
);
INSERT INTO ends (number, last_seq) SELECT number, coalesce((
	SELECT last_seq FROM batches WHERE batches.id BETWEEN number << 32 AND (number << 32) + 4294967295 ORDER BY batches.id DESC LIMIT 1), 0) FROM runs;
CREATE TRIGGER run_goes_on AFTER INSERT ON batches BEGIN
	INSERT OR REPLACE INTO ends (number, last_seq) VALUES (new.id >> 32, new.last_seq);
END;
`,
}

// fills do what a step can't do in SQL, by the layout that it leads to.
var fills = map[int]func(context.Context, *sql.Tx) error{layoutWithSums: addSums, layoutWithAllSums: addAllSums, layoutWithEnds: addRowSums}

// layoutWithLocks is the first that holds locks.
const layoutWithLocks = 2

// migrate brings the file to the present layout, in one transaction, and refuses one of a newer version.
func (s *store) migrate(ctx context.Context) error {
	version, err := layoutOf(ctx, s.db)
	if err != nil || version == len(layouts) {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return orRollback(tx, func() error {
		if err := s.upgrade(ctx, tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// layoutOf is the file's layout; an error when it is newer than this program.
func layoutOf(ctx context.Context, q querier) (int, error) {
	var version int
	if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	if version < 0 {
		return 0, fmt.Errorf("%w: its layout is %d", journal.ErrDamaged, version)
	}
	if version > len(layouts) {
		return 0, fmt.Errorf("it was made by a newer version of runbook (layout %d, this program knows %d); use that version or another file",
			version, len(layouts))
	}
	return version, nil
}

// refuseForeign refuses a file of layout 0 that is not empty.
func refuseForeign(ctx context.Context, q querier) error {
	var others int
	if err := q.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&others); err != nil {
		return err
	}
	if others > 0 {
		return errors.New("it is a database of another program")
	}
	return nil
}

// upgrade takes the steps that no other process was first with.
func (s *store) upgrade(ctx context.Context, tx *sql.Tx) error {
	version, err := layoutOf(ctx, tx)
	if err != nil {
		return err
	}
	if version == 0 {
		if err := refuseForeign(ctx, tx); err != nil {
			return err
		}
	}
	if version >= layoutWithLocks && version < len(layouts) {
		if err := s.nobodyWrites(ctx, tx, version); err != nil {
			return err
		}
	}
	for ; version < len(layouts); version++ {
		if _, err := tx.ExecContext(ctx, layouts[version]+fmt.Sprintf("PRAGMA user_version = %d;", version+1)); err != nil {
			return fmt.Errorf("bring it from layout %d to %d: %w", version, version+1, err)
		}
		if fill := fills[version+1]; fill != nil {
			if err := fill(ctx, tx); err != nil {
				return err
			}
		}
	}
	return nil
}

// nobodyWrites refuses to change the layout under a process of an older version that runs a run: its next event could not be
// written any more, and the run would break off.
func (s *store) nobodyWrites(ctx context.Context, tx *sql.Tx, version int) error {
	return each(ctx, tx, lockRows.query(version), func(rows *sql.Rows) error {
		l, err := s.lock(rows)
		if err == nil && !l.Gone && !l.Parked() {
			err = journal.InUse(version, len(layouts), &l)
		}
		return err
	})
}
