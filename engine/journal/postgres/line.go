package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// errSilent is of a connection over which nothing came for too long.
var errSilent = errors.New("it does not answer")

// lines are the open connections of a store.
type lines struct {
	dial pgconn.DialFunc
	// silence is how long nothing may come while something is waited for. It is no bound of a statement: where the server
	// still works on one, the wait begins anew.
	silence time.Duration
	// config is how a connection is made that asks about another.
	config *pgx.ConnConfig

	mu   sync.Mutex
	open map[*line]bool
	// over says that nobody waits for the server any more.
	over bool
}

// bound has the connections of a pool be lines.
func bound(config *pgxpool.Config, silence time.Duration) *lines {
	ls := &lines{dial: config.ConnConfig.DialFunc, silence: silence, config: config.ConnConfig.Copy(), open: map[*line]bool{}}
	config.ConnConfig.DialFunc = ls.connect
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		raw := conn.PgConn().Conn()
		if secured, ok := raw.(*tls.Conn); ok {
			raw = secured.NetConn()
		}
		if l, ok := raw.(*line); ok {
			l.learn(conn.PgConn().PID())
		}
		return nil
	}
	return ls
}

func (ls *lines) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := ls.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l := &line{Conn: conn, of: ls, network: network, address: address}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.over {
		return nil, errors.Join(net.ErrClosed, conn.Close())
	}
	ls.open[l] = true
	return l, nil
}

// cut ends all connections: the driver takes its leave of a server for a quarter of a minute, which a silent one does not hear.
func (ls *lines) cut() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.over = true
	for l := range ls.open {
		_ = l.Conn.Close() // its server would not notice either
	}
}

// line is a connection that errs once its server is silent. The driver waits without a bound for an answer, which a
// half-open connection never brings.
type line struct {
	net.Conn
	of               *lines
	network, address string

	mu sync.Mutex
	// limit is the driver's own deadline, zero: none.
	limit time.Time
	// pid is the server's process, zero before the login has ended.
	pid uint32
}

func (l *line) Close() error {
	l.of.mu.Lock()
	delete(l.of.open, l)
	l.of.mu.Unlock()
	return l.Conn.Close()
}

// SetDeadline is how the driver stops what goes on when a context ends.
func (l *line) SetDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit = t
	return l.Conn.SetDeadline(t)
}

// extend has the wait for the server begin anew.
func (l *line) extend() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := time.Now().Add(l.of.silence)
	if !l.limit.IsZero() && l.limit.Before(until) {
		until = l.limit
	}
	return l.Conn.SetDeadline(until)
}

// told makes the error of a wait that was too long one of silence, unless the driver itself ended it.
func (l *line) told(op string, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var late net.Error
	if errors.As(err, &late) && late.Timeout() && (l.limit.IsZero() || time.Now().Before(l.limit)) {
		return &net.OpError{Op: op, Net: l.network, Addr: l.RemoteAddr(), Err: errSilent}
	}
	return err
}

func (l *line) Read(b []byte) (int, error) {
	if err := l.extend(); err != nil {
		return 0, err
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	inquiry := time.AfterFunc(l.of.silence/2, func() { l.inquire(ctx); close(ended) })
	n, err := l.Conn.Read(b)
	stop()
	if !inquiry.Stop() {
		<-ended
	}
	return n, l.told("read", err)
}

// Write sends in pieces: what moves on is not cut off, nor is an answer missed meanwhile.
func (l *line) Write(b []byte) (sent int, err error) {
	const piece = 64 << 10
	for sent < len(b) {
		if err := l.extend(); err != nil {
			return sent, err
		}
		n, err := l.Conn.Write(b[sent:min(len(b), sent+piece)])
		if sent += n; err != nil {
			return sent, l.told("write", err)
		}
	}
	return sent, nil
}

func (l *line) learn(pid uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pid = pid
}

// inquire extends the wait for an answer as long as the server works on it: the sums of a long history, or a lock that
// another process holds, may take longer than anybody waits for a word.
func (l *line) inquire(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		if l.atWork(ctx) && l.extend() != nil {
			return // it was closed
		}
		timer := time.NewTimer(l.of.silence/2 - time.Since(began))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// atWork asks over another connection to the same server. A process that waits for its client has nothing to do: then the
// question or the answer got lost.
func (l *line) atWork(ctx context.Context) bool {
	l.mu.Lock()
	pid := l.pid
	l.mu.Unlock()
	if pid == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, l.of.silence/2)
	defer cancel()
	config := l.of.config.Copy()
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return l.of.dial(ctx, l.network, l.address) }
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing hangs on it
	var works bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity
		WHERE pid = $1 AND usename = current_user AND wait_event_type IS DISTINCT FROM 'Client')`, int64(pid)).Scan(&works)
	return err == nil && works
}
