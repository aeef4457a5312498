package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/journal"
)

// layouts are the steps from one layout of the schema to the next. A step that was released is never changed. Ids are
// compared byte by byte, whatever the database's locale is.
var layouts = []string{
	`
CREATE TABLE runbook.runs (
	id          text COLLATE "C" PRIMARY KEY,
	runbook     text NOT NULL,
	file        text NOT NULL,
	environment text NOT NULL,
	"user"      text NOT NULL,
	started_at  timestamptz NOT NULL,
	last_seq    bigint NOT NULL,
	status      text NOT NULL DEFAULT 'running',
	outcome     text NOT NULL DEFAULT '',
	duration_ms double precision NOT NULL DEFAULT 0,
	exit_status integer,
	counts      jsonb NOT NULL DEFAULT '{}',
	ended_at    timestamptz -- of the last session
);
CREATE INDEX ON runbook.runs (started_at);
CREATE TABLE runbook.batches (
	run       text COLLATE "C" NOT NULL REFERENCES runbook.runs ON DELETE CASCADE,
	first_seq bigint NOT NULL,
	events    bytea NOT NULL, -- JSON lines
	PRIMARY KEY (run, first_seq)
);
CREATE TABLE runbook.sealed (
	run  text COLLATE "C" NOT NULL REFERENCES runbook.runs ON DELETE CASCADE,
	seq  bigint NOT NULL,
	data bytea NOT NULL,
	PRIMARY KEY (run, seq)
);
CREATE TABLE runbook.vals (
	run     text COLLATE "C" NOT NULL REFERENCES runbook.runs ON DELETE CASCADE,
	runbook text NOT NULL,
	name    text NOT NULL, -- step.threshold
	at      timestamptz NOT NULL,
	value   double precision NOT NULL,
	unit    text NOT NULL,
	outcome text NOT NULL
);
CREATE INDEX ON runbook.vals (runbook, name, at);
CREATE INDEX ON runbook.vals (run);
CREATE TABLE runbook.files (
	sha256  text COLLATE "C" PRIMARY KEY,
	content bytea NOT NULL
);
CREATE TABLE runbook.run_files (
	run    text COLLATE "C" NOT NULL REFERENCES runbook.runs ON DELETE CASCADE,
	sha256 text COLLATE "C" NOT NULL REFERENCES runbook.files,
	PRIMARY KEY (run, sha256)
);
CREATE INDEX ON runbook.run_files (sha256);
CREATE TABLE runbook.messages (
	id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	run  text COLLATE "C" NOT NULL REFERENCES runbook.runs ON DELETE CASCADE,
	body json NOT NULL
);
CREATE INDEX ON runbook.messages (run, id);
CREATE TABLE runbook.locks (
	name       text COLLATE "C" PRIMARY KEY,
	token      text NOT NULL, -- of the lease
	run        text NOT NULL,
	owner      json NOT NULL,
	since      timestamptz NOT NULL,
	expires_at timestamptz -- null: a paused run holds it
);
CREATE INDEX ON runbook.locks (run);
`,
	// Batches of before have neither: what they hold is known only once it is read.
	`ALTER TABLE runbook.batches ADD COLUMN last_seq bigint, ADD COLUMN sum bytea`,
	// From here on the sum of a batch covers what is sealed of it. One that is not as it was written keeps the sum that says so.
	`
UPDATE runbook.batches AS b SET sum = sha256(convert_to(run::text || ' ' || first_seq || ' ' || last_seq || ' ', 'UTF8') || events || (
	SELECT sha256(string_agg(convert_to(seq || ' ' || length(data) || ' ', 'UTF8') || data, ''::bytea ORDER BY seq))
	FROM runbook.sealed WHERE run = b.run AND seq BETWEEN first_seq AND last_seq))
	WHERE sum = sha256(convert_to(run::text || ' ' || first_seq || ' ' || last_seq || ' ', 'UTF8') || events)
		AND EXISTS (SELECT 1 FROM runbook.sealed WHERE run = b.run AND seq BETWEEN first_seq AND last_seq)`,
	// A later layout with other sums of rows works them out anew, so that this may go on to name what they are of by now.
	`
ALTER TABLE runbook.runs ADD COLUMN sum bytea;
ALTER TABLE runbook.messages ADD COLUMN sum bytea;
ALTER TABLE runbook.locks ADD COLUMN sum bytea;
UPDATE runbook.runs SET sum = ` + runSum + `;
UPDATE runbook.messages SET sum = ` + messageSum + `;
UPDATE runbook.locks SET sum = ` + lockSum,
}

// The first layouts that have a sum for each batch, one that covers what is sealed of it, and one for each row of the other tables.
const (
	layoutWithSums    = 2
	layoutWithAllSums = 3
	layoutWithRowSums = 4
)

// Keys of advisory locks, which belong to the database: migrations exclude each other, and Prune excludes new files.
const (
	migrationKey = 0x72756e626f6f6b01
	filesKey     = 0x72756e626f6f6b02
)

// Codes of errors, see the appendix of the server's manual.
const (
	undefinedTable   = "42P01"
	invalidSchema    = "3F000"
	uniqueViolation  = "23505"
	notNullViolation = "23502"
	diskFull         = "53100"
	duplicateTable   = "42P07"
	readOnly         = "25006" // read_only_sql_transaction
)

// querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// layoutOf is the schema's layout, zero where there is none; an error when it is newer than this program.
func layoutOf(ctx context.Context, q querier) (int, error) {
	var version int
	err := q.QueryRow(ctx, "SELECT version FROM runbook.layout").Scan(&version)
	if isCode(err, undefinedTable) || isCode(err, invalidSchema) {
		return 0, nil
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, errors.New("its table runbook.layout is empty, which tells the layout of all the others; " +
			"have an administrator look at it, or name another database")
	}
	if err != nil {
		return 0, err
	}
	if version > len(layouts) {
		return 0, fmt.Errorf("its schema \"runbook\" was made by a newer version of runbook (layout %d, this program knows %d); use that version",
			version, len(layouts))
	}
	return version, nil
}

// migrate brings the schema to the present layout, one process at a time.
func (s *store) migrate(ctx context.Context) error {
	version, err := layoutOf(ctx, s.pool)
	if err != nil || version == len(layouts) {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// The query after the lock sees what its last holder did.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationKey)); err != nil {
			return err
		}
		// IF NOT EXISTS alone would ask for the right to make schemas, also where an administrator has made this one.
		_, err := tx.Exec(ctx, `DO $$ BEGIN
				IF to_regnamespace('runbook') IS NULL THEN CREATE SCHEMA runbook; END IF;
			END $$;
			CREATE TABLE IF NOT EXISTS runbook.layout (version integer NOT NULL);
			INSERT INTO runbook.layout SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM runbook.layout)`)
		if err != nil {
			return err
		}
		version, err := layoutOf(ctx, tx)
		if err != nil {
			return err
		}
		if version > 0 && version < len(layouts) {
			if err := s.nobodyWrites(ctx, tx, version); err != nil {
				return err
			}
		}
		for ; version < len(layouts); version++ {
			if _, err := tx.Exec(ctx, layouts[version]); err != nil {
				return fmt.Errorf("bring it to layout %d: %w", version+1, err)
			}
		}
		_, err = tx.Exec(ctx, "UPDATE runbook.layout SET version = $1", version)
		return err
	})
}

// nobodyWrites refuses to change the layout under a process of an older version that runs a run: its next event could not be
// written any more, and the run would break off. No lock is taken until the transaction ends.
func (s *store) nobodyWrites(ctx context.Context, tx pgx.Tx, version int) error {
	if _, err := tx.Exec(ctx, "LOCK TABLE runbook.locks IN SHARE ROW EXCLUSIVE MODE"); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, selectLocks(version))
	if err != nil {
		return err
	}
	locks, err := pgx.CollectRows(rows, s.lockOf)
	if err != nil {
		return err
	}
	for _, l := range locks {
		if !l.Gone && !l.Parked() {
			return journal.InUse(version, len(layouts), &l)
		}
	}
	return nil
}
