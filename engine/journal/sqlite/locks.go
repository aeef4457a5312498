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
	"github.com/e82355ed/runbook/engine/journal/batch"
)

// Acquire takes a lock, or tells who holds it.
func (s *store) Acquire(ctx context.Context, name string, owner journal.Owner, ttl time.Duration, seen *journal.Lock) (journal.Lease, *journal.Lock, error) {
	l := &lease{store: s, name: name, owner: owner, ttl: ttl, token: rand.Text()}
	text, err := json.Marshal(owner)
	if err != nil {
		return nil, nil, err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		held, err := s.held(ctx, tx, name)
		switch {
		case err != nil:
			return err
		case held != nil && !held.YieldsTo(owner.Run, seen):
			return &journal.LockedError{Lock: *held}
		}
		l.last = held
		now, boot := s.now(), s.self.Uptime()
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO locks (name, token, run, owner, since, expires_at, expires_boot)
			VALUES (?, ?, ?, ?, ?, ?, ?)`,
			name, l.token, owner.Run, string(text), now.UnixMicro(), now.Add(ttl).UnixMicro(), int64(boot+ttl))
		if err == nil {
			err = lockRows.sum(ctx, tx, name)
		}
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

// held is who holds a lock; nil: nobody does.
func (s *store) held(ctx context.Context, tx *sql.Tx, name string) (held *journal.Lock, err error) {
	err = each(ctx, tx, lockRows.query(s.layout)+" WHERE name = ?", func(rows *sql.Rows) error {
		l, err := s.lock(rows)
		held = &l
		return err
	}, name)
	if err != nil {
		return nil, s.readError(err)
	}
	return held, nil
}

// Locks lists what is held, by name; with an error those that can be read.
func (s *store) Locks(ctx context.Context) (out []journal.Lock, err error) {
	if s.layout < layoutWithLocks {
		return nil, nil
	}
	var damage error
	err = each(ctx, s.db, lockRows.query(s.layout)+" ORDER BY name", func(rows *sql.Rows) error {
		l, err := s.lock(rows)
		switch {
		case err == nil:
			out = append(out, l)
		case errors.Is(err, journal.ErrDamaged):
			damage = errors.Join(damage, err)
		default:
			return err
		}
		return nil
	})
	if err = errors.Join(damage, err); err != nil {
		return out, s.readError(err)
	}
	return out, nil
}

// Unlock frees a lock whose holder is gone or paused, with force any.
func (s *store) Unlock(ctx context.Context, name string, force bool) (journal.Lock, error) {
	var was journal.Lock
	err := s.change(ctx, func(tx *sql.Tx) error {
		held, err := s.held(ctx, tx, name)
		switch {
		case err != nil:
			return err
		case held == nil:
			return fmt.Errorf("nobody holds the lock %q: %w", name, journal.ErrNotFound)
		case !force && !held.Gone && !held.Parked():
			return &journal.LockedError{Lock: *held}
		}
		was = *held
		if _, err := tx.ExecContext(ctx, "DELETE FROM locks WHERE name = ?", name); err != nil {
			return s.writeError(err)
		}
		return nil
	})
	return was, err
}

// lock reads a row and judges whether its holder is gone.
func (s *store) lock(rows *sql.Rows) (journal.Lock, error) {
	l, boot, err := scanLock(rows)
	if err != nil || l.Parked() {
		return l, err
	}
	// The wall clock may have been set since; the time since boot is the same for all that have the boot in common.
	ended := !s.now().Before(l.ExpiresAt)
	if s.self.Sees(l.Owner) {
		ended = int64(s.self.Uptime()) >= boot
	}
	l.Judge(s.self.Gone(l.Owner), ended)
	return l, nil
}

// scanLock reads a row, and when the lease ends by the time since the holder's boot.
func scanLock(rows *sql.Rows) (l journal.Lock, boot int64, err error) {
	var token, run, owner, sum any
	var since int64
	var expires sql.NullInt64
	if err := rows.Scan(&l.Name, &token, &run, &owner, &since, &expires, &boot, &sum); err != nil {
		return l, 0, err
	}
	if _, changed, err := rowSum(rows); err != nil || changed {
		return l, 0, errors.Join(err, batch.Held(l.Name))
	}
	text, _ := owner.(string)
	if err := json.Unmarshal([]byte(text), &l.Owner); err != nil {
		return l, 0, errors.Join(batch.Held(l.Name), err)
	}
	l.Since = time.UnixMicro(since).UTC()
	if expires.Valid {
		l.ExpiresAt = time.UnixMicro(expires.Int64).UTC()
	}
	return l, boot, nil
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

// Held reads whether it is still this lease's.
func (l *lease) Held(ctx context.Context) error {
	var there bool
	err := l.store.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM locks WHERE name = ? AND token = ?)", l.name, l.token).Scan(&there)
	if err != nil {
		return l.store.readError(err)
	}
	if !there {
		return l.lost()
	}
	return nil
}

func (l *lease) lost() error {
	return fmt.Errorf("the lock %q of run %s: %w", l.name, l.owner.Run, journal.ErrLeaseLost)
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
		if _, err := l.store.held(ctx, tx, l.name); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, statement, append(args, l.name, l.token)...)
		if err != nil {
			return l.store.writeError(err)
		}
		n, err := done.RowsAffected()
		if err == nil && n == 1 {
			err = lockRows.sum(ctx, tx, l.name)
		}
		if err != nil {
			return l.store.writeError(err)
		}
		if n == 1 {
			return nil
		}
		return l.lost()
	})
}
