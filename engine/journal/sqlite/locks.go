package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
)

const lockColumns = "name, owner, since, expires_at, expires_boot FROM locks"

// Acquire takes a lock, or tells who holds it.
func (s *store) Acquire(ctx context.Context, name string, owner journal.Owner, ttl time.Duration, seen *journal.Lock) (journal.Lease, *journal.Lock, error) {
	l := &lease{store: s, name: name, owner: owner, ttl: ttl, token: rand.Text()}
	text, err := json.Marshal(owner)
	if err != nil {
		return nil, nil, err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		held, err := s.lock(tx.QueryRowContext(ctx, "SELECT "+lockColumns+" WHERE name = ?", name))
		switch {
		case err == nil && !held.YieldsTo(owner.Run, seen):
			return &journal.LockedError{Lock: held}
		case err == nil:
			l.last = &held
		case !errors.Is(err, sql.ErrNoRows):
			return s.readError(err)
		}
		now, boot := s.now(), s.self.Uptime()
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO locks (name, token, run, owner, since, expires_at, expires_boot)
			VALUES (?, ?, ?, ?, ?, ?, ?)`,
			name, l.token, owner.Run, string(text), now.UnixMicro(), now.Add(ttl).UnixMicro(), int64(boot+ttl))
		if err != nil {
			return s.writeError(err)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return l, l.last, nil
}

// Locks lists what is held, by name.
func (s *store) Locks(ctx context.Context) (_ []journal.Lock, err error) {
	if s.layout < layoutWithLocks {
		return nil, nil
	}
	rows, err := s.db.QueryContext(ctx, "SELECT "+lockColumns+" ORDER BY name")
	if err != nil {
		return nil, s.readError(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []journal.Lock
	for rows.Next() {
		l, err := s.lock(rows)
		if err != nil {
			return nil, s.readError(err)
		}
		out = append(out, l)
	}
	if err := rows.Err(); err != nil {
		return nil, s.readError(err)
	}
	return out, nil
}

// Unlock frees a lock whose holder is gone or paused, with force any.
func (s *store) Unlock(ctx context.Context, name string, force bool) (journal.Lock, error) {
	var held journal.Lock
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		held, err = s.lock(tx.QueryRowContext(ctx, "SELECT "+lockColumns+" WHERE name = ?", name))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("nobody holds the lock %q: %w", name, journal.ErrNotFound)
		case err != nil:
			return s.readError(err)
		case !force && !held.Gone && !held.Parked():
			return &journal.LockedError{Lock: held}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM locks WHERE name = ?", name); err != nil {
			return s.writeError(err)
		}
		return nil
	})
	return held, err
}

// lock reads a row and judges whether its holder is gone.
func (s *store) lock(row interface{ Scan(...any) error }) (journal.Lock, error) {
	var l journal.Lock
	var owner []byte
	var since, boot int64
	var expires sql.NullInt64
	if err := row.Scan(&l.Name, &owner, &since, &expires, &boot); err != nil {
		return l, err
	}
	if err := json.Unmarshal(owner, &l.Owner); err != nil {
		return l, fmt.Errorf("%w: the holder of the lock %q: %w", journal.ErrDamaged, l.Name, err)
	}
	l.Since = time.UnixMicro(since).UTC()
	if !expires.Valid {
		return l, nil
	}
	l.ExpiresAt = time.UnixMicro(expires.Int64).UTC()
	// The wall clock may have been set since; the time since boot is the same for all that have the boot in common.
	ended := !s.now().Before(l.ExpiresAt)
	if s.self.Sees(l.Owner) {
		ended = int64(s.self.Uptime()) >= boot
	}
	l.Judge(s.self.Gone(l.Owner), ended)
	return l, nil
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

// Renew puts the end off.
func (l *lease) Renew(ctx context.Context) error {
	now, boot := l.store.now(), l.store.self.Uptime()
	return l.update(ctx, "UPDATE locks SET expires_at = ?, expires_boot = ? WHERE name = ? AND token = ?",
		now.Add(l.ttl).UnixMicro(), int64(boot+l.ttl))
}

// Park leaves the lock to the paused run.
func (l *lease) Park(ctx context.Context) error {
	text, err := json.Marshal(l.owner.Paused(l.store.now()))
	if err != nil {
		return err
	}
	// The lease is over with it: the token is no more.
	return l.update(ctx, "UPDATE locks SET owner = ?, token = '', expires_at = NULL WHERE name = ? AND token = ?", string(text))
}

// Release frees the lock, if it is still this lease's.
func (l *lease) Release(ctx context.Context) error {
	err := l.update(ctx, "DELETE FROM locks WHERE name = ? AND token = ?")
	if errors.Is(err, journal.ErrLeaseLost) {
		return nil
	}
	return err
}

// Return leaves the lock as it was found.
func (l *lease) Return(ctx context.Context) error {
	if l.last == nil {
		return l.Release(ctx)
	}
	text, err := json.Marshal(l.last.Owner)
	if err != nil {
		return err
	}
	expires := sql.NullInt64{Int64: l.last.ExpiresAt.UnixMicro(), Valid: !l.last.Parked()}
	// Whose process can't be asked for is gone by the time since boot.
	err = l.update(ctx, "UPDATE locks SET run = ?, owner = ?, token = '', since = ?, expires_at = ?, expires_boot = 0 WHERE name = ? AND token = ?",
		l.last.Owner.Run, string(text), l.last.Since.UnixMicro(), expires)
	if errors.Is(err, journal.ErrLeaseLost) {
		return nil
	}
	return err
}

// update runs a statement whose last arguments are the lease's name and token.
func (l *lease) update(ctx context.Context, statement string, args ...any) error {
	return l.store.change(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, statement, append(args, l.name, l.token)...)
		if err != nil {
			return l.store.writeError(err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fmt.Errorf("the lock %q of run %s: %w", l.name, l.owner.Run, journal.ErrLeaseLost)
	})
}
