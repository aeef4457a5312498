package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/run"
)

// leftover is what is left of a file that SQLite can't read: the rows on its pages, found without the trees that led to them.
// It only reads. Locks, values and messages are not looked for.
type leftover struct {
	*batch.Writer // nil
	path          string
	pages         *pages
	// damage is why SQLite can't read the file.
	damage error
	runs   map[string]*leftRun
	files  map[string]place
}

// place is a row.
type place struct {
	page uint32
	cell int
}

// leftRun is where the batches of a run are by the number of their first event, and the sealed parts of each by the event's.
type leftRun struct {
	batches map[int64]place
	sealed  map[int64]map[int64]place
}

// seals notes a sealed part of a batch.
func (r *leftRun) seals(first, seq int64, at place) {
	if r.sealed[first] == nil {
		r.sealed[first] = map[int64]place{}
	}
	r.sealed[first][seq] = at
}

var _ journal.Journal = (*leftover)(nil)
var _ journal.Examiner = (*leftover)(nil)
var _ journal.Prober = (*leftover)(nil)

// findLeftover looks at all pages of a file.
func findLeftover(ctx context.Context, path string, damage error) (*leftover, error) {
	p, err := openPages(path)
	if err != nil {
		return nil, err
	}
	l := &leftover{path: path, pages: p, damage: damage, runs: map[string]*leftRun{}, files: map[string]place{}}
	numbers := map[int64]string{}
	sealed := map[[2]int64]place{} // by the batch's id and the event's number
	for _, n := range p.numbers() {
		if ctx.Err() != nil {
			return nil, errors.Join(ctx.Err(), p.close())
		}
		for i, c := range p.cells(n) {
			l.take(&c, place{n, i}, numbers, sealed)
		}
	}
	for key, at := range sealed {
		if id, ok := numbers[key[0]>>seqBits]; ok {
			l.runs[id].seals(key[0]&(1<<seqBits-1), key[1], at)
		}
	}
	return l, nil
}

// take notes a row of one of our tables, known by the kinds of its fields.
func (l *leftover) take(c *cell, at place, numbers map[int64]string, sealed map[[2]int64]place) {
	kinds, f, ok := fields(c.local)
	if !ok {
		return
	}
	table := c.kind == tableLeaf
	switch {
	case table && (kinds == "ntib" || kinds == withSum) && isEvents(f[3].data): // batches since layout 3, and since 4
		id := string(f[1].data)
		l.run(id).batches[c.rowid&(1<<seqBits-1)] = at
		numbers[c.rowid>>seqBits] = id
	case table && kinds == "tib" && isEvents(f[2].data): // batches before
		l.run(string(f[0].data)).batches[f[1].number] = at
	case table && kinds == "tb" && len(f[0].data) == 64:
		l.files[string(f[0].data)] = at
	case !table && kinds == "iib": // sealed since layout 3
		sealed[[2]int64{f[0].number, f[1].number}] = at
	case !table && kinds == "tiib": // sealed before
		l.run(string(f[0].data)).seals(f[1].number, f[2].number, at)
	}
}

func isEvents(b []byte) bool { return bytes.HasPrefix(b, []byte("{")) }

func (l *leftover) run(id string) *leftRun {
	r := l.runs[id]
	if r == nil {
		r = &leftRun{map[int64]place{}, map[int64]map[int64]place{}}
		l.runs[id] = r
	}
	return r
}

// row gives a row with the kinds of its fields.
func (l *leftover) row(at place) (rowid int64, kinds string, f []field, err error) {
	cells := l.pages.cells(at.page)
	if at.cell >= len(cells) {
		return 0, "", nil, fmt.Errorf("page %d has changed", at.page)
	}
	c := &cells[at.cell]
	b, err := l.pages.whole(c)
	if err != nil {
		return 0, "", nil, err
	}
	kinds, f, ok := fields(b)
	if !ok || !strings.Contains(kinds, "b") {
		return 0, "", nil, fmt.Errorf("page %d has changed", at.page)
	}
	return c.rowid, kinds, f, nil
}

// bytes gives the field of a row that is bytes: each of ours has one.
func (l *leftover) bytes(at place) ([]byte, error) {
	_, kinds, f, err := l.row(at)
	if err != nil {
		return nil, err
	}
	return f[strings.Index(kinds, "b")].data, nil
}

// batch gives a batch of a run, with its sum if it has one.
func (l *leftover) batch(run string, first int64, at place) (kept, error) {
	k := kept{run: run, first: first}
	rowid, kinds, f, err := l.row(at)
	if err != nil {
		return k, err
	}
	k.events = f[strings.Index(kinds, "b")].data
	if kinds == withSum {
		k.id, k.last, k.sum = rowid, f[2].number, sql.NullInt64{Int64: f[4].number, Valid: true}
	}
	k.sealed = l.sealedOf(l.runs[run].sealed[first])
	return k, nil
}

// sealedOf gives what is left of the sealed parts of a batch.
func (l *leftover) sealedOf(at map[int64]place) map[int64][]byte {
	sealed := map[int64][]byte{}
	for seq, place := range at {
		if data, err := l.bytes(place); err == nil { // without it a resume says that it is missing
			sealed[seq] = data
		}
	}
	return sealed
}

// withSum are the kinds of the fields of a batch since layout 4.
const withSum = "ntibi"

// Close closes the file; nil is none.
func (l *leftover) Close() error {
	if l == nil {
		return nil
	}
	return l.pages.close()
}

// ids are the runs of which something is left, in order.
func (l *leftover) ids() []string {
	var out []string
	for id, r := range l.runs {
		if len(r.batches) > 0 {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Examine tells why the file can't be read otherwise.
func (l *leftover) Examine(context.Context) (ids, problems []string, err error) {
	return l.ids(), []string{l.damage.Error()}, nil
}

// find completes a run's id. Nobody can tell whether there was a run of which there is no trace.
func (l *leftover) find(prefix string) (string, error) {
	upper := strings.ToUpper(prefix)
	id, err := batch.Complete(upper, slices.DeleteFunc(l.ids(), func(id string) bool { return !strings.HasPrefix(id, upper) }))
	if errors.Is(err, journal.ErrNotFound) {
		return "", fmt.Errorf("no trace of a run %q is left: %w", prefix, l.damage)
	}
	return id, err
}

// Events gives the events of a run up to the first that is missing. Where the last is not the end of a session, nobody can
// tell whether there was more.
func (l *leftover) Events(_ context.Context, runID string) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		id, err := l.find(runID)
		if err == nil {
			err = l.events(id, 0, func(e journal.Entry) bool { return yield(e, nil) })
		}
		if err != nil {
			yield(journal.Entry{}, err)
		}
	}
}

// events gives the events of a run behind one.
func (l *leftover) events(id string, after int64, yield func(journal.Entry) bool) error {
	left := l.runs[id]
	r, over := batch.Reader{Run: id}, false
	keep := func(e journal.Entry) bool {
		over = e.Event.Type == run.RunFinished || e.Event.Type == run.RunPaused
		return e.Event.Seq <= after || yield(e)
	}
	firsts := make([]int64, 0, len(left.batches))
	for first := range left.batches {
		firsts = append(firsts, first)
	}
	slices.Sort(firsts)
	for _, first := range firsts {
		k, err := l.batch(id, first, left.batches[first])
		if err != nil {
			return l.readError(fmt.Errorf("run %s: %w: event %d: %w", id, journal.ErrDamaged, first, err))
		}
		damage := k.summed()
		if damage != nil {
			k.sealed = nil
		}
		more, err := r.Read(first, k.events, k.sealed, keep)
		if err == nil && more {
			err = damage
		}
		if err != nil {
			return l.readError(err)
		}
		if !more {
			return nil
		}
	}
	if !over {
		return l.readError(fmt.Errorf("run %s: %w: if there was more after event %d, it is lost", id, journal.ErrDamaged, r.Last))
	}
	return nil
}

func (l *leftover) readError(err error) error {
	return fmt.Errorf("read the run history %s: %w", l.path, err)
}

// Runs lists what is left, by the first and the last events; always with the damage.
func (l *leftover) Runs(ctx context.Context, f journal.Filter) ([]journal.Summary, error) {
	var out []journal.Summary
	for _, id := range l.ids() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s := journal.Summary{ID: id, Status: journal.Running}
		damage := l.events(id, 0, func(e journal.Entry) bool { // what is missing is told of the file
			summarize(&s, e.Event)
			return true
		})
		if damage != nil && s.Status != journal.Ended {
			s.Status = journal.Unknown
		}
		if (f.Runbook == "" || f.Runbook == s.Runbook) && (f.Outcome == "" || f.Outcome == s.Outcome) && !s.StartedAt.Before(f.Since) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b journal.Summary) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.ID, a.ID))
	})
	if limit := cmp.Or(f.Limit, defaultLimit); len(out) > limit {
		out = out[:limit]
	}
	return out, l.damage
}

// summarize has a summary follow the events of its run.
func summarize(s *journal.Summary, e *run.Event) {
	switch e.Type {
	case run.RunStarted:
		s.StartedAt = e.Time
		if e.Header != nil {
			s.Runbook, s.File, s.Environment, s.User = e.Runbook, e.File, e.Environment, e.User
		}
	case run.RunResumed:
		s.Status, s.Outcome = journal.Running, ""
	case run.RunPaused:
		s.Status = journal.Paused
	case run.RunFinished:
		s.Status, s.Outcome, s.ExitStatus, s.Counts = journal.Ended, e.Outcome, e.ExitStatus, e.Counts
		if e.DurationMS != nil {
			s.DurationMS = *e.DurationMS
		}
	}
}

// Probe reads runs in full: there is no other way.
func (l *leftover) Probe(ctx context.Context, ids []string) ([]string, error) {
	return probe(ctx, ids, func(id string) error {
		for _, err := range l.Events(ctx, id) {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// File gives the content of a file by its hash, whichever run it was of.
func (l *leftover) File(_ context.Context, runID, hash string) ([]byte, error) {
	at, ok := l.files[hash]
	if !ok {
		return nil, batch.Missing(runID, hash)
	}
	content, err := l.bytes(at)
	if err != nil {
		return nil, fmt.Errorf("file %s of run %s: %w: %w", hash, runID, journal.ErrDamaged, err)
	}
	return batch.Intact(runID, hash, nonNil(content))
}

// What follows is not there, and can't be changed.

func (l *leftover) Values(context.Context, string, string, int) ([]journal.Value, error) {
	return nil, l.damage
}

func (l *leftover) Messages(context.Context, string, int64) ([]journal.Message, error) {
	return nil, nil
}
func (l *leftover) Locks(context.Context) ([]journal.Lock, error)       { return nil, l.damage }
func (l *leftover) Prunable(context.Context, journal.Old) (int, error)  { return 0, l.damage }
func (l *leftover) Prune(context.Context, journal.Old) (int, error)     { return 0, journal.ErrReadOnly }
func (l *leftover) Discard(context.Context, string, ...int64) error     { return journal.ErrReadOnly }
func (l *leftover) Send(context.Context, string, journal.Message) error { return journal.ErrReadOnly }
func (l *leftover) Unlock(context.Context, string, bool) (journal.Lock, error) {
	return journal.Lock{}, journal.ErrReadOnly
}

func (l *leftover) Acquire(context.Context, string, journal.Owner, time.Duration, *journal.Lock) (journal.Lease, *journal.Lock, error) {
	return nil, nil, journal.ErrReadOnly
}
