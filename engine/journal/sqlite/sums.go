package sqlite

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"

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
	// The first that tells apart from the events where each run ends, and whose messages and locks have sums.
	layoutWithEnds = 6
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
	5: summedBatches, 6: summedBatches,
}

const summedBatches = "SELECT batch, seq, 0, '', 0, data, NULL FROM sealed UNION ALL SELECT id, 1 << 62, id & " + seqMask + ", run, last_seq, events, sum FROM batches ORDER BY 1, 2"

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
