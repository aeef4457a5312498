package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
)

// A file is looked at before it is written: SQLite follows every pointer of it, some 1 GB a second (ADR 18). One of up to
// lookFirst bytes is looked at as a whole before anything is written, a larger one beside what is done, and Close waits for
// that for at most lookLast.
const (
	lookFirst = 8 << 20
	lookLast  = time.Second
)

// look is a look at a file that goes on while the file is used.
type look struct {
	cancel context.CancelFunc
	over   chan struct{}
	// err is set when over is closed; damage likewise: nil where none was found, or the look was cut short.
	err, damage error
}

// looked looks at the file now, or begins to.
func (s *store) looked(ctx context.Context) error {
	info, err := os.Stat(s.path)
	if err != nil || info.Size() == 0 {
		return err
	}
	first := ours
	if info.Size() <= lookFirst {
		first = sound
	}
	if err := reading(s.path, func(db *sql.DB) error { return first(ctx, db) }); err != nil || info.Size() <= lookFirst {
		return err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &look{cancel: cancel, over: make(chan struct{})}
	s.look = l
	go func() {
		defer close(l.over)
		err := reading(s.path, func(db *sql.DB) error { return sound(ctx, db) })
		if err == nil {
			return
		}
		// What can't be looked at for another reason is told by who writes it.
		if l.err = s.writeError(err); errors.Is(l.err, journal.ErrDamaged) {
			l.damage = l.err
			s.Fail(l.err)
		}
	}()
	return nil
}

// whole waits until a file has been looked at as a whole, and refuses a damaged one: what is deleted is lost.
func (s *store) whole(ctx context.Context) error {
	if s.Writer == nil {
		if err := sound(ctx, s.db); err != nil {
			return s.readError(err)
		}
		return nil
	}
	if s.look == nil {
		return nil
	}
	select {
	case <-s.look.over:
		return s.look.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// damaged is the damage that was found by now.
func (l *look) damaged() error {
	if l == nil {
		return nil
	}
	select {
	case <-l.over:
		return l.damage
	default:
		return nil
	}
}

// end waits for the look for a moment.
func (l *look) end() error {
	if l == nil {
		return nil
	}
	moment := time.NewTimer(lookLast)
	defer moment.Stop()
	select {
	case <-l.over:
	case <-moment.C:
	}
	l.cancel()
	<-l.over
	return l.damage
}

// reading opens a file by a connection that can't write, which leaves a file that is damaged, or another program's, and its log as they are.
func reading(path string, do func(*sql.DB) error) (err error) {
	db, err := sql.Open("sqlite", dsn(path, url.Values{"mode": {"ro"}}))
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// ours refuses a file that another program, or a newer version of this one, has made.
func ours(ctx context.Context, db *sql.DB) error {
	version, err := layoutOf(ctx, db)
	if err != nil || version > 0 {
		return err
	}
	return refuseForeign(ctx, db)
}

// sound refuses a file that is not ours, or whose structure is not whole, with an error of SQLite's or journal.ErrDamaged.
func sound(ctx context.Context, db *sql.DB) error {
	if err := ours(ctx, db); err != nil {
		return err
	}
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", journal.ErrDamaged, found)
	}
	return intact(ctx, db)
}
