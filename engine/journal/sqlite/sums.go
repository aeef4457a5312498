package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
)

// The first layouts that have the files of runbooks, numbers of runs, and a sum for each batch.
const (
	layoutWithFiles   = 2
	layoutWithNumbers = 3
	layoutWithSums    = 4
	// The first whose sums cover the sealed parts of a batch, and the rows of the list of runs.
	layoutWithAllSums = 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is kept with a batch: a byte that has changed in what it says, in what is sealed of it, or where it stands, is noticed by it.
func sum(id int64, run string, last int64, events []byte, sealed map[int64][]byte) int64 {
	head := binary.BigEndian.AppendUint64(nil, uint64(id))
	head = binary.BigEndian.AppendUint64(head, uint64(last))
	head = append(head, run...)
	all := crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, events)
	for _, seq := range slices.Sorted(maps.Keys(sealed)) {
		head = binary.BigEndian.AppendUint64(head[:0], uint64(seq))
		head = binary.BigEndian.AppendUint64(head, uint64(len(sealed[seq])))
		all = crc32.Update(crc32.Update(all, castagnoli, head), castagnoli, sealed[seq])
	}
	return int64(all)
}

// batchQueries give all batches, those of a run in order, by the file's layout; before each the sealed parts that its sum covers.
var batchQueries = []string{
	1: "SELECT 0, 1 << 62, first_seq, run, 0, events, NULL FROM batches ORDER BY run, first_seq",
	2: "SELECT 0, 1 << 62, first_seq, run, 0, events, NULL FROM batches ORDER BY run, first_seq",
	3: "SELECT id, 1 << 62, id & " + seqMask + ", run, last_seq, events, NULL FROM batches ORDER BY id",
	4: "SELECT id, 1 << 62, id & " + seqMask + ", run, last_seq, events, sum FROM batches ORDER BY id",
	5: "SELECT batch, seq, 0, '', 0, data, NULL FROM sealed UNION ALL SELECT id, 1 << 62, id & " + seqMask + ", run, last_seq, events, sum FROM batches ORDER BY 1, 2",
}

// parts are what is sealed of a batch, whose rows come before it.
type parts struct {
	batch  int64
	sealed map[int64][]byte
}

// take takes a row in, unless it is a batch.
func (p *parts) take(batch, seq int64, data []byte) bool {
	if seq >= wholeBatch {
		return false
	}
	if p.sealed == nil || p.batch != batch {
		p.batch, p.sealed = batch, map[int64][]byte{}
	}
	p.sealed[seq] = bytes.Clone(data)
	return true
}

// of gives those of a batch.
func (p *parts) of(batch int64) map[int64][]byte {
	if p.batch != batch {
		return nil
	}
	return p.sealed
}

// kept is a batch as it is kept.
type kept struct {
	id, first, last int64
	run             string
	events          []byte
	sealed          map[int64][]byte
	sum             sql.NullInt64
}

// whole reads a batch as far as it takes to be sure of it: by its sum, or as events where it has none.
func (k *kept) whole(after int64) (last int64, err error) {
	if !k.sum.Valid {
		r := batch.Reader{Run: k.run, Last: after}
		_, err := r.Read(k.first, k.events, nil, func(journal.Entry) bool { return true })
		return r.Last, err
	}
	if k.first != after+1 {
		return after, fmt.Errorf("run %s: %w: after event %d comes %d", k.run, journal.ErrDamaged, after, k.first)
	}
	return k.last, k.summed()
}

// summed holds a batch against its sum, if it has one. Of a file of layout 4 that is a sum without what is sealed.
func (k *kept) summed() error {
	switch {
	case !k.sum.Valid, k.sum.Int64 == sum(k.id, k.run, k.last, k.events, k.sealed):
		return nil
	case len(k.sealed) > 0 && k.sum.Int64 == sum(k.id, k.run, k.last, k.events, nil):
		return nil
	}
	return batch.Changed(k.run, k.first, k.last)
}

// mostTold bounds how many damaged runs an error names.
const mostTold = 3

// findings are what is wrong with runs and files, the first of each run.
type findings struct {
	errs  []error
	runs  map[string]bool
	count int
}

func (f *findings) add(run string, err error) {
	if err == nil || f.runs[run] {
		return
	}
	if f.runs == nil {
		f.runs = map[string]bool{}
	}
	f.runs[run] = true
	if f.count++; f.count <= mostTold {
		f.errs = append(f.errs, err)
	}
}

func (f *findings) err() error {
	switch f.count {
	case 0:
		return nil
	case 1:
		return f.errs[0]
	}
	var said []string
	for _, err := range f.errs {
		said = append(said, strings.ReplaceAll(err.Error(), journal.ErrDamaged.Error()+": ", ""))
	}
	if more := f.count - len(said); more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%w: %s", journal.ErrDamaged, strings.Join(said, "; "))
}

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
	return errors.Join(l.indexes(ctx), l.batches(ctx), l.files(ctx))
}

// indexed are the tables that are found by an index, by the file's layout; those of values, of which there may be many, are left to
// whoever reads them.
var indexed = []string{1: "runs", 2: "runs locks messages files run_files", 3: "runs locks messages files run_files", 4: "runs locks messages files run_files", 5: "runs locks messages files run_files"}

// indexes holds indexes against their tables: a run that is not found by one seems not to be there.
func (l *looker) indexes(ctx context.Context) error {
	for _, table := range strings.Fields(indexed[l.version]) {
		var found string
		if err := l.tx.QueryRowContext(ctx, "PRAGMA integrity_check("+table+")").Scan(&found); err != nil {
			return err
		}
		if found != "ok" {
			l.add(table, fmt.Errorf("%w: the table of %s: %s", journal.ErrDamaged, table, found))
		}
	}
	return nil
}

// list gives the runs' ids by their numbers, once their rows can be read.
func (l *looker) list(ctx context.Context) (map[int64]string, error) {
	if l.version < layoutWithNumbers {
		return nil, nil
	}
	ids, summed := map[int64]string{}, "NULL"
	if l.version >= layoutWithAllSums {
		summed = "sum"
	}
	return ids, each(ctx, l.tx, strings.Replace("SELECT "+runColumns+" FROM runs", "sum", summed, 1), func(rows *sql.Rows) error {
		var number int64
		var ended, sum sql.NullInt64
		r, err := scanSummary(rows, &number, &ended, &sum)
		if ids[number] = r.ID; err != nil || !sum.Valid {
			return err
		}
		is, err := rowSum(rows)
		if err == nil && is != sum.Int64 {
			l.add(r.ID, listChanged(r.ID))
		}
		return err
	})
}

// batches looks at the events of all runs, and holds their numbers against the list of runs.
func (l *looker) batches(ctx context.Context) error {
	ids, err := l.list(ctx)
	if err != nil {
		return err
	}
	var run string
	var last int64
	var parts parts
	var data sql.RawBytes
	err = each(ctx, l.tx, batchQueries[l.version], func(rows *sql.Rows) error {
		var k kept
		var seq int64
		if err := rows.Scan(&k.id, &seq, &k.first, &k.run, &k.last, &data, &k.sum); err != nil {
			return err
		}
		if parts.take(k.id, seq, data) {
			return nil
		}
		k.events, k.sealed = data, parts.of(k.id)
		if k.run != run {
			run, last = k.run, 0
			number := k.id >> seqBits
			if listed := ids[number]; ids != nil && listed != run {
				l.add(run, fmt.Errorf("run %s: %w: the list of runs has %q in its place", run, journal.ErrDamaged, listed))
			}
			delete(ids, number)
		}
		if l.besides {
			return nil
		}
		var err error
		last, err = k.whole(last)
		l.add(run, err)
		return nil
	})
	for _, id := range slices.Sorted(maps.Values(ids)) {
		l.add(id, fmt.Errorf("run %s: %w: none of its events is there", id, journal.ErrDamaged))
	}
	return err
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

// each gives the rows of a query to do.
func each(ctx context.Context, tx *sql.Tx, query string, do func(*sql.Rows) error, args ...any) (err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
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

// addSums gives the batches of a file of an older layout their sums, once it is sure of them.
func addSums(ctx context.Context, tx *sql.Tx) error {
	const some = 256
	var run string
	var at, id int64
	for {
		var read []kept
		err := each(ctx, tx, "SELECT id, id & "+seqMask+", run, last_seq, events, NULL FROM batches WHERE id > ? ORDER BY id LIMIT ?", func(rows *sql.Rows) error {
			var k kept
			err := rows.Scan(&k.id, &k.first, &k.run, &k.last, &k.events, &k.sum)
			read = append(read, k)
			return err
		}, id, some)
		if err != nil || len(read) == 0 {
			return err
		}
		for _, k := range read {
			if k.run != run {
				run, at = k.run, 0
			}
			if at, err = k.whole(at); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE batches SET sum = ? WHERE id = ?", sum(k.id, k.run, k.last, k.events, nil), k.id); err != nil {
				return err
			}
		}
		id = read[len(read)-1].id
	}
}
