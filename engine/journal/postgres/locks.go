package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
)

// selectLocks ends its rows with whether the lease is out, by the database's clock, and whether the row has changed.
func selectLocks(layout int) string {
	return "SELECT name, token, owner, since, expires_at, coalesce(expires_at <= clock_timestamp(), false), " + rowChanged(layout, lockSum) + " FROM runbook.locks"
}

// Acquire takes a lock, or tells who holds it.
func (s *store) Acquire(ctx context.Context, name string, owner journal.Owner, ttl time.Duration, seen *journal.Lock) (journal.Lease, *journal.Lock, error) {
	if s.Writer == nil {
		return nil, nil, journal.ErrReadOnly
	}
	l := &lease{store: s, name: name, owner: owner, ttl: ttl, token: rand.Text()}
	text, err := json.Marshal(owner)
	if err != nil {
		return nil, nil, err
	}
	err = s.again(ctx, func() error {
		return s.underLock(ctx, name, func(tx pgx.Tx, held *journal.Lock, token string) error {
			switch {
			case held == nil:
			case token == l.token: // the connection broke after the commit
				return nil
			case !held.YieldsTo(owner.Run, seen):
				return &journal.LockedError{Lock: *held}
			}
			l.last = held
			_, err := tx.Exec(ctx, `INSERT INTO runbook.locks (name, token, run, owner, since, expires_at, sum)
				SELECT name, token, run, owner, since, expires_at, `+lockSum+` FROM (SELECT $1::text AS name, $2::text AS token, $3::text AS run,
					$4::json AS owner, clock_timestamp() AS since, clock_timestamp() + $5::interval AS expires_at) AS new
				ON CONFLICT (name) DO UPDATE SET token = excluded.token, run = excluded.run, owner = excluded.owner,
					since = excluded.since, expires_at = excluded.expires_at, sum = excluded.sum`, name, l.token, owner.Run, string(text), ttl)
			return err
		})
	})
	if err != nil {
		return nil, nil, s.lockError(err)
	}
	return l, l.last, nil
}

// underLock looks at a lock, nil: nobody holds it, and does something about it before anybody else can.
func (s *store) underLock(ctx context.Context, name string, do func(tx pgx.Tx, held *journal.Lock, token string) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// A lock that nobody holds has no row to be locked.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('runbook/' || $1, 0))", name); err != nil {
			return err
		}
		held, token, err := s.lock(tx.QueryRow(ctx, selectLocks(s.layout)+" WHERE name = $1", name))
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return do(tx, nil, "")
		case err != nil:
			return err
		}
		return do(tx, &held, token)
	})
}

// Locks lists what is held, by name; with an error those that can be read.
func (s *store) Locks(ctx context.Context) ([]journal.Lock, error) {
	if s.layout == 0 {
		return nil, nil
	}
	type row struct {
		journal.Lock
		damage error
	}
	rows, err := query(ctx, s, func(r pgx.CollectableRow) (row, error) {
		l, err := s.lockOf(r)
		if errors.Is(err, journal.ErrDamaged) {
			return row{damage: err}, nil
		}
		return row{Lock: l}, err
	}, selectLocks(s.layout)+" ORDER BY name")
	var list []journal.Lock
	var damage error
	for _, r := range rows {
		if damage = errors.Join(damage, r.damage); r.damage == nil {
			list = append(list, r.Lock)
		}
	}
	if damage != nil {
		err = s.readError(damage)
	}
	return list, err
}

func (s *store) lockOf(row pgx.CollectableRow) (journal.Lock, error) {
	l, _, err := s.lock(row)
	return l, err
}

// Unlock frees a lock whose holder is gone or paused, with force any.
func (s *store) Unlock(ctx context.Context, name string, force bool) (journal.Lock, error) {
	if s.Writer == nil {
		return journal.Lock{}, journal.ErrReadOnly
	}
	var was journal.Lock
	deleting := "" // the token of the lease that an attempt was about to free, and may have
	err := s.again(ctx, func() error {
		return s.underLock(ctx, name, func(tx pgx.Tx, held *journal.Lock, token string) error {
			switch {
			case deleting != "" && (held == nil || token != deleting):
				return nil
			case held == nil:
				return fmt.Errorf("nobody holds the lock %q: %w", name, journal.ErrNotFound)
			}
			was = *held
			if !force && !held.Gone && !held.Parked() {
				return &journal.LockedError{Lock: *held}
			}
			deleting = token
			_, err := tx.Exec(ctx, "DELETE FROM runbook.locks WHERE name = $1", name)
			return err
		})
	})
	if err != nil {
		return was, s.lockError(err)
	}
	return was, nil
}

// lockError leaves answers as they are.
func (s *store) lockError(err error) error {
	if errors.Is(err, journal.ErrLocked) || errors.Is(err, journal.ErrNotFound) || errors.Is(err, journal.ErrLeaseLost) {
		return err
	}
	return s.writeError(err)
}

// lock reads a row and judges whether its holder is gone.
func (s *store) lock(row pgx.Row) (l journal.Lock, token string, err error) {
	var owner []byte
	var expires *time.Time
	var out, changed bool
	if err := row.Scan(&l.Name, &token, &owner, &l.Since, &expires, &out, &changed); err != nil {
		return l, "", err
	}
	if changed {
		return l, "", batch.Held(l.Name)
	}
	if err := json.Unmarshal(owner, &l.Owner); err != nil {
		return l, "", errors.Join(batch.Held(l.Name), err)
	}
	l.Since = l.Since.UTC()
	if expires != nil {
		l.ExpiresAt = expires.UTC()
		l.Judge(s.self.Gone(l.Owner), out)
	}
	return l, token, nil
}

type lease struct {
	store *store
	name  string
	owner journal.Owner
	ttl   time.Duration
	// token tells this lease from an earlier or later one of the same owner.
	token string
	// last is whom the lock was taken from; nil: it was free.
	last *journal.Lock
}

// leased tells a lease from what it was parked as, under the same token so that parking can be repeated.
const leased = "expires_at IS NOT NULL"

// Renew puts the end off.
func (l *lease) Renew(ctx context.Context) error {
	return l.update(ctx, setLock(columns{"expires_at": "clock_timestamp() + $3::interval"})+" WHERE name = $1 AND token = $2 AND "+leased, l.ttl)
}

// Held reads whether it is still this lease's.
func (l *lease) Held(ctx context.Context) error {
	there, err := query(ctx, l.store, pgx.RowTo[bool], "SELECT EXISTS (SELECT FROM runbook.locks WHERE name = $1 AND token = $2 AND "+leased+")", l.name, l.token)
	if err == nil && !there[0] {
		err = l.lost()
	}
	return err
}

func (l *lease) lost() error {
	return fmt.Errorf("the lock %q of run %s: %w", l.name, l.owner.Run, journal.ErrLeaseLost)
}

// Park leaves the lock to the paused run.
func (l *lease) Park(ctx context.Context) error {
	text, err := json.Marshal(l.owner.Paused(time.Now()))
	if err != nil {
		return err
	}
	return l.update(ctx, setLock(columns{"owner": "$3::json", "expires_at": "NULL::timestamptz"})+" WHERE name = $1 AND token = $2", string(text))
}

// Release frees the lock, if it is still this lease's.
func (l *lease) Release(ctx context.Context) error {
	err := l.update(ctx, "DELETE FROM runbook.locks WHERE name = $1 AND token = $2 AND "+leased)
	if errors.Is(err, journal.ErrLeaseLost) {
		return nil
	}
	return err
}

// Return leaves the lock as it was found, under a token that lets it be repeated.
func (l *lease) Return(ctx context.Context) error {
	if l.last == nil {
		return l.Release(ctx)
	}
	text, err := json.Marshal(l.last.Owner)
	if err != nil {
		return err
	}
	var expires *time.Time
	if !l.last.Parked() {
		expires = &l.last.ExpiresAt
	}
	was := columns{"token": "$2::text || ' returned'", "run": "$3::text", "owner": "$4::json", "since": "$5::timestamptz", "expires_at": "$6::timestamptz"}
	err = l.update(ctx, setLock(was)+" WHERE name = $1 AND token IN ($2, $2 || ' returned')", l.last.Owner.Run, string(text), l.last.Since, expires)
	if errors.Is(err, journal.ErrLeaseLost) {
		return nil
	}
	return err
}

// columns are those of a lock that become others, as expressions.
type columns map[string]string

// setLock changes a lock, and its sum with it.
func setLock(to columns) string {
	names := []string{"name", "token", "run", "owner", "since", "expires_at"}
	become := make([]string, len(names))
	for i, name := range names {
		become[i] = cmp.Or(to[name], "held."+name) + " AS " + name
	}
	return "UPDATE runbook.locks AS held SET (token, run, owner, since, expires_at, sum) = (SELECT token, run, owner, since, expires_at, " + lockSum +
		" FROM (SELECT " + strings.Join(become, ", ") + ") AS new)"
}

// update runs a statement whose first arguments are the lease's name and token. It may be repeated. A lock that is not as it was written
// stays so.
func (l *lease) update(ctx context.Context, statement string, args ...any) error {
	err := l.store.again(ctx, func() error {
		done, err := l.store.pool.Exec(ctx, statement+" AND NOT "+rowChanged(l.store.layout, lockSum), append([]any{l.name, l.token}, args...)...)
		if err != nil || done.RowsAffected() > 0 {
			return err
		}
		_, _, err = l.store.lock(l.store.pool.QueryRow(ctx, selectLocks(l.store.layout)+" WHERE name = $1", l.name))
		if err == nil || errors.Is(err, pgx.ErrNoRows) {
			err = l.lost()
		}
		return err
	})
	if err != nil {
		return l.store.lockError(err)
	}
	return nil
}
