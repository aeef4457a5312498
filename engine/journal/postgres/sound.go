package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
)

// sumOf is kept with a batch: what has changed in what it says, in what is sealed of it, or where it stands, is noticed by it. The server
// works it out, so that a run is held against its sums without being sent. sealed is the sum of what is sealed, empty where nothing is.
func sumOf(id, first, last, events, sealed string) string {
	return fmt.Sprintf("sha256(convert_to(%s::text || ' ' || %s::bigint || ' ' || %s::bigint || ' ', 'UTF8') || %s::bytea || %s::bytea)",
		id, first, last, events, sealed)
}

// sealedSum is the sum of what is sealed of a batch in the table.
const sealedSum = `coalesce((SELECT sha256(string_agg(convert_to(seq || ' ' || length(data) || ' ', 'UTF8') || data, ''::bytea ORDER BY seq))
	FROM runbook.sealed WHERE run = batches.run AND seq BETWEEN first_seq AND last_seq), '')`

// sumSealed is the same of a batch that is to be written.
func sumSealed(b *batch.Batch) []byte {
	sealed, h := b.Sealed(), sha256.New()
	if sealed == nil {
		return []byte{}
	}
	for _, seq := range slices.Sorted(maps.Keys(sealed)) {
		h.Write(fmt.Appendf(nil, "%d %d %s", seq, len(sealed[seq]), sealed[seq]))
	}
	return h.Sum(nil)
}

// changed is whether a batch is known not to be as it was written.
func (s *store) changed() string {
	if s.layout < layoutWithSums {
		return "false"
	}
	changed := "sum <> " + sumOf("run", "first_seq", "last_seq", "events", sealedSum)
	if s.layout < layoutWithAllSums { // perhaps another process has brought it to the present one since
		changed += " AND sum <> " + sumOf("run", "first_seq", "last_seq", "events", "''")
	}
	return "coalesce(" + changed + ", false)"
}

// stray is the first event of a run that is not there and of which something is sealed.
const stray = "(SELECT min(seq) FROM runbook.sealed WHERE run = runs.id AND (seq > last_seq OR seq < 1))"

// ends holds the last event that was read of a run against the end that the list of runs had before, or has now: others may have
// written meanwhile.
func (s *store) ends(ctx context.Context, l *listed, read int64) error {
	switch {
	case l.changed:
		return batch.Listed(l.id)
	case l.stray != nil:
		return batch.Stray(l.id, *l.stray)
	case read == l.last:
		return nil
	}
	now, err := s.listed(ctx, l.id)
	switch {
	case err != nil: // it was pruned
		return err
	case read <= l.last:
		return batch.Ends(l.id, l.last, read)
	case read > now.last:
		return batch.Ends(l.id, now.last, read)
	}
	return nil
}

var _ journal.Examiner = (*store)(nil)

// Examine finds the runs, and events of such as are not in the list of runs.
func (s *store) Examine(ctx context.Context) (ids, problems []string, err error) {
	if s.layout == 0 {
		return nil, nil, nil
	}
	ids, err = query(ctx, s, pgx.RowTo[string], "SELECT id FROM runbook.runs ORDER BY id")
	if err != nil {
		return nil, nil, err
	}
	strays, err := query(ctx, s, pgx.RowTo[string], `SELECT DISTINCT run FROM runbook.batches
		WHERE NOT EXISTS (SELECT 1 FROM runbook.runs WHERE id = run) ORDER BY run`)
	for _, id := range strays {
		problems = append(problems, fmt.Sprintf("run %s: there are events of it, and the list of runs does not have it", id))
	}
	besides, besidesErr := s.besides(ctx)
	return ids, append(problems, besides...), errors.Join(err, besidesErr)
}

// besides finds what has changed beside the runs.
func (s *store) besides(ctx context.Context) (problems []string, err error) {
	if s.layout < layoutWithRowSums {
		return nil, nil
	}
	messages, err := query(ctx, s, pgx.RowTo[string], "SELECT DISTINCT run FROM runbook.messages WHERE "+rowChanged(s.layout, messageSum)+" ORDER BY run")
	for _, id := range messages {
		problems = append(problems, batch.Sent(id).Error())
	}
	locks, locksErr := query(ctx, s, pgx.RowTo[string], "SELECT name FROM runbook.locks WHERE "+rowChanged(s.layout, lockSum)+" ORDER BY name")
	for _, name := range locks {
		problems = append(problems, batch.Held(name).Error())
	}
	return problems, errors.Join(err, locksErr)
}

var _ journal.Prober = (*store)(nil)

// Probe has the server hold runs against their sums and their ends, all at one time.
func (s *store) Probe(ctx context.Context, ids []string) ([]string, error) {
	if s.layout < layoutWithSums {
		return nil, nil
	}
	return query(ctx, s, pgx.RowTo[string], `SELECT runs.id FROM (SELECT id, last_seq, `+rowChanged(s.layout, runSum)+` AS changed, `+stray+` AS stray FROM runbook.runs) AS runs LEFT JOIN
			(SELECT run, first_seq, last_seq, `+s.changed()+` AS changed, lag(last_seq, 1, 0::bigint) OVER (PARTITION BY run ORDER BY first_seq) AS before
			FROM runbook.batches WHERE run = ANY($1)) AS b ON b.run = runs.id
		WHERE runs.id = ANY($1) GROUP BY runs.id, runs.last_seq, runs.changed, runs.stray
		HAVING runs.changed OR runs.stray IS NOT NULL OR count(b.run) = 0 OR bool_or(b.changed OR coalesce(first_seq <> before + 1, false))
			OR coalesce((array_agg(b.last_seq ORDER BY first_seq DESC))[1] <> runs.last_seq, false)`, ids)
}
