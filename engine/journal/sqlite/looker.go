package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
)

// intact refuses a file in which something has changed since it was written that its structure does not show.
func intact(ctx context.Context, db *sql.DB) error {
	var l looker
	if err := l.look(ctx, db); err != nil {
		return inWords(err)
	}
	return l.err()
}

// looker looks at what a file says.
type looker struct {
	findings
	tx      *sql.Tx
	version int
	// besides says that others read the events.
	besides bool
}

func (l *looker) look(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	l.tx = tx
	if l.version, err = layoutOf(ctx, tx); err != nil || l.version == 0 {
		return err
	}
	return errors.Join(l.indexes(ctx), l.batches(ctx), l.strays(ctx), l.files(ctx), l.messages(ctx), l.locks(ctx))
}

// indexed are the tables that are found by an index, by the file's layout; those of values, of which there may be many, are left to
// whoever reads them.
func indexed(layout int) []string {
	if layout < layoutWithFiles {
		return []string{"runs"}
	}
	return []string{"runs", "locks", "messages", "files", "run_files"}
}

// indexes holds indexes against their tables: a run that is not found by one seems not to be there.
func (l *looker) indexes(ctx context.Context) error {
	for _, table := range indexed(l.version) {
		if err := l.index(ctx, table); err != nil {
			return err
		}
	}
	return nil
}

// index holds the indexes of a table against it.
func (l *looker) index(ctx context.Context, table string) error {
	var found string
	if err := l.tx.QueryRowContext(ctx, "PRAGMA integrity_check("+table+")").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		l.add(table, fmt.Errorf("%w: the table of %s: %s", journal.ErrDamaged, table, found))
	}
	return nil
}

// list gives the runs by their numbers, once their rows can be read; nil: the layout has no numbers.
func (l *looker) list(ctx context.Context) (map[int64]*end, error) {
	if l.version < layoutWithNumbers {
		return nil, nil
	}
	list := map[int64]*end{}
	err := each(ctx, l.tx, runRows.query(l.version), func(rows *sql.Rows) error {
		var number int64
		var ended, sum sql.NullInt64
		r, err := scanSummary(rows, &number, &ended, &sum)
		if list[number] = (&end{run: r.ID}); err != nil {
			return err
		}
		_, changed, err := rowSum(rows)
		if err == nil && changed {
			l.add(r.ID, batch.Listed(r.ID))
		}
		return err
	})
	return list, err
}

// end is a run in the list, and the number of its last event as the file tells it apart from the events; zero: it does not.
type end struct {
	run  string
	last int64
}

// ends adds where the runs of the list end.
func (l *looker) ends(ctx context.Context, list map[int64]*end) error {
	if l.version < layoutWithEnds {
		return nil
	}
	return each(ctx, l.tx, "SELECT number, last_seq FROM ends", func(rows *sql.Rows) error {
		var number, last int64
		if err := rows.Scan(&number, &last); err != nil {
			return err
		}
		if list[number] == nil {
			l.add(fmt.Sprint("run ", number), fmt.Errorf("%w: a run went on to event %d, and the list of runs does not have it", journal.ErrDamaged, last))
			return nil
		}
		list[number].last = last
		return nil
	})
}

// walk is where a look at the batches of all runs is.
type walk struct {
	list  map[int64]*end
	run   string
	end   *end // of run; nil: it is not in the list
	last  int64
	parts parts
}

// batches looks at the events of all runs, and holds their numbers and their ends against the list of runs.
func (l *looker) batches(ctx context.Context) error {
	list, err := l.list(ctx)
	if err != nil {
		return err
	}
	if err := l.ends(ctx, list); err != nil {
		return err
	}
	w := walk{list: list}
	var data sql.RawBytes
	err = each(ctx, l.tx, batchQueries[l.version], func(rows *sql.Rows) error {
		var k kept
		var seq int64
		if err := rows.Scan(&k.id, &seq, &k.first, &k.run, &k.last, &data, &k.sum); err != nil {
			return err
		}
		if w.parts.take(k.id, seq, data) {
			return nil
		}
		k.events, k.sealed = data, w.parts.of(k.id)
		l.step(&w, &k)
		return nil
	})
	l.leave(&w)
	for _, number := range slices.Sorted(maps.Keys(list)) {
		id := list[number].run
		l.add(id, batch.Ends(id, list[number].last, 0))
	}
	return err
}

// step looks at a batch.
func (l *looker) step(w *walk, k *kept) {
	if k.run != w.run {
		l.leave(w)
		number := k.id >> seqBits
		w.run, w.end, w.last = k.run, w.list[number], 0
		if w.list != nil && (w.end == nil || w.end.run != k.run) {
			var listed string
			if w.end != nil {
				listed, w.end = w.end.run, nil
			}
			l.add(k.run, fmt.Errorf("run %s: %w: the list of runs has %q in its place", k.run, journal.ErrDamaged, listed))
		}
		delete(w.list, number)
	}
	if l.besides {
		return
	}
	var err error
	w.last, err = k.whole(w.last)
	l.add(k.run, err)
}

// leave holds the end of a run whose batches were looked at against what the file tells of it.
func (l *looker) leave(w *walk) {
	if w.end != nil && l.version >= layoutWithEnds && !l.besides {
		l.add(w.run, batch.Ends(w.run, w.end.last, w.last))
	}
}

// strayQueries find what is encrypted of no batch, by the file's layout.
var strayQueries = []string{
	2: "SELECT run, seq FROM sealed WHERE NOT EXISTS (SELECT 1 FROM batches WHERE batches.run = sealed.run AND first_seq = batch)",
	3: numberedStrays, 4: numberedStrays, 5: numberedStrays, 6: numberedStrays,
}

const numberedStrays = "SELECT coalesce((SELECT id FROM runs WHERE number = batch >> 32), ''), seq FROM sealed WHERE NOT EXISTS (SELECT 1 FROM batches WHERE id = batch)"

// strays looks for what is encrypted of events that are not there.
func (l *looker) strays(ctx context.Context) error {
	if l.version < layoutWithFiles {
		return nil
	}
	return each(ctx, l.tx, strayQueries[l.version], func(rows *sql.Rows) error {
		var run string
		var seq int64
		if err := rows.Scan(&run, &seq); err != nil {
			return err
		}
		l.add("sealed "+run, batch.Stray(run, seq))
		return nil
	})
}

// messages holds what was sent to runs against its sums.
func (l *looker) messages(ctx context.Context) error {
	if l.version < messageRows.since {
		return nil
	}
	return each(ctx, l.tx, messageRows.query(l.version), func(rows *sql.Rows) error {
		_, err := message(rows)
		if errors.Is(err, journal.ErrDamaged) {
			l.add(err.Error(), err)
			return nil
		}
		return err
	})
}

// locks holds the locks against their sums.
func (l *looker) locks(ctx context.Context) error {
	if l.version < lockRows.since {
		return nil
	}
	return each(ctx, l.tx, lockRows.query(l.version), func(rows *sql.Rows) error {
		held, _, err := scanLock(rows)
		if errors.Is(err, journal.ErrDamaged) {
			l.add("lock "+held.Name, err)
			return nil
		}
		return err
	})
}

// files holds the files of runbooks against their hashes: a run that begins would count on those that are there.
func (l *looker) files(ctx context.Context) error {
	if l.version < layoutWithFiles {
		return nil
	}
	return each(ctx, l.tx, "SELECT sha256, content FROM files", func(rows *sql.Rows) error {
		var hash string
		var content []byte
		if err := rows.Scan(&hash, &content); err != nil {
			return err
		}
		_, err := batch.Intact("", hash, content)
		if err != nil {
			err = fmt.Errorf("%w: the content of the file %s has changed, which runs have in common", journal.ErrDamaged, hash)
		}
		l.add(hash, err)
		return nil
	})
}
