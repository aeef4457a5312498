package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/e82355ed/runbook/engine/journal"
)

// patience is how long the store waits for a server that is away.
const patience = 30 * time.Second

// outage is how long the server has been away, as far as anybody tried. The zero value is none.
type outage struct {
	mu sync.Mutex
	// began is when the first attempt failed of those that followed each other, last when the last did.
	began, last time.Time
}

// goesOn notes a failed attempt at a time and gives since when the server is away. What failed longer ago than the store's
// patience is forgotten: nobody has tried meanwhile.
func (o *outage) goesOn(at time.Time, patience time.Duration) (since time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if at.Sub(o.last) > patience {
		o.began = at
	}
	o.last = at
	return o.began
}

func (o *outage) over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.began, o.last = time.Time{}, time.Time{}
}

// again repeats what failed because the server was away, until that has lasted for the store's patience: who gave up on an
// event does not wait as long once more for the locks to be let go of. One quick failure may be that of a connection which
// the outage left behind, and is tried again in any case. All that is asked of the server goes
// through it, so it must do no harm twice: who changes something has to find out what became of an attempt whose answer
// was lost.
func (s *store) again(ctx context.Context, do func() error) error {
	const quick = time.Second
	for wait, first := 20*time.Millisecond, true; ; wait, first = min(2*wait, time.Second), false {
		began := time.Now()
		err := do()
		if err == nil || !passing(err) {
			if ctx.Err() == nil {
				s.away.over()
			}
			return err
		}
		since := s.away.goesOn(began, s.patience)
		if time.Since(since)+wait > s.patience && (!first || time.Since(began) > quick) {
			return fmt.Errorf("%w (%w for %s)", s.plain(err), journal.ErrAway, s.patience)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w: %w", ctx.Err(), s.plain(err))
		}
	}
}

// query reads rows, again where the server was away.
func query[T any](ctx context.Context, s *store, convert pgx.RowToFunc[T], statement string, args ...any) ([]T, error) {
	var out []T
	err := s.again(ctx, func() error {
		rows, err := s.pool.Query(ctx, statement, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, convert)
		return err
	})
	if err != nil {
		return nil, s.readError(err)
	}
	return out, nil
}

// passingCodes are the server's words for a state that passes, see the appendix on error codes of its manual.
var passingCodes = map[string]bool{
	"57P01":  true, // admin_shutdown
	"57P02":  true, // crash_shutdown
	"57P03":  true, // cannot_connect_now
	"53300":  true, // too_many_connections
	"40001":  true, // serialization_failure
	"40P01":  true, // deadlock_detected
	readOnly: true, // of a store that could be written before: its server changes places with a standby
}

// passing reports whether an error may be gone in a moment: the server's refusals are final but for some, and so is all
// that is not the connection's.
func passing(err error) bool {
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) {
		return passingCodes[refusal.Code]
	}
	if isConnect(err) {
		return !errors.Is(err, context.Canceled)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var broken *net.OpError
	return errors.As(err, &broken) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err)
}

// isConnect reports whether an error is one of connecting, whose timeout is its own.
func isConnect(err error) bool {
	var e *pgconn.ConnectError
	return errors.As(err, &e)
}

// isDial reports whether an error is one of connecting to which no server gave an answer.
func isDial(err error) bool {
	var refusal *pgconn.PgError
	return isConnect(err) && !errors.As(err, &refusal)
}
