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
	// damage is set when over is closed; nil: none was found, or the look was cut short.
	damage error
}

// looked looks at the file now, or begins to.
func (s *store) looked(ctx context.Context) error {
	info, err := os.Stat(s.path)
	if err != nil || info.Size() == 0 {
		return err
	}
	if info.Size() <= lookFirst {
		return sound(ctx, s.path)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &look{cancel: cancel, over: make(chan struct{})}
	s.look = l
	go func() {
		defer close(l.over)
		err := sound(ctx, s.path)
		if err == nil {
			return
		}
		// What can't be looked at for another reason is told by who writes it.
		if err = s.writeError(err); errors.Is(err, journal.ErrDamaged) {
			l.damage = err
			s.Fail(err)
		}
	}()
	return nil
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

// sound reports an error of SQLite's or journal.ErrDamaged for a file whose structure is not whole. It reads by a connection that can't write, which
// leaves a damaged file and its log as they are.
func sound(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", dsn(path, url.Values{"mode": {"ro"}}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var found string
	err = db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found)
	if err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", journal.ErrDamaged, found)
	}
	return nil
}
