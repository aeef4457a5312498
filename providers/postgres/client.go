package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

// cancelPatience bounds the wait for the server to take notice of an interrupted statement.
const cancelPatience = time.Second

// client is a pool of connections to one server. It connects on first use and is safe for concurrent use.
type client struct {
	pool *pgxpool.Pool
	// endpoint is "host:port/database", address "host:port".
	endpoint, address string
	secrets           settings
	// parser loads on the first statement of an author.
	parser  *sqlparse.Parser
	parsers *parsers
	// superuser is true once a connection was one of a superuser.
	superuser atomic.Bool
	// plainPath is true once a session was seen whose search path has nothing before pg_catalog; all begin alike.
	plainPath atomic.Bool
	// executions are those under way, by their *pgconn.PgConn: notices find them here.
	executions sync.Map
	// holders are who makes others wait for a connection.
	holders holders
	// goodbyes are the requests to give up a statement that nobody waits for any more.
	goodbyes sync.WaitGroup
}

// open makes the client; it touches no network.
func open(req provider.Open[config], shared *parsers) (*client, error) {
	pool, err := poolConfig(req)
	if err != nil {
		return nil, &provider.Error{Op: "open the connection pool", Err: err, NothingDone: true, Permanent: true}
	}
	c := &client{}
	pool.ConnConfig.OnNotice = c.heard
	// A pool's own goroutines end with Close, not with the context of the first step.
	p, err := pgxpool.NewWithConfig(context.Background(), pool)
	if err != nil {
		return nil, &provider.Error{Op: "open the connection pool", Err: errors.New("its settings contradict each other"), NothingDone: true, Permanent: true}
	}
	settled := &pool.ConnConfig.Config
	c.pool, c.endpoint, c.address = p, endpointOf(settled), addressesOf(settled)
	c.secrets = settings{"password": settled.Password}
	c.parser, c.parsers = shared.take(sqlparse.CacheDir(req.Getenv("XDG_CACHE_HOME"), req.HomeDir)), shared
	return c, nil
}

// Close ends all connections.
func (c *client) Close() error {
	c.pool.Close()
	c.goodbyes.Wait()
	return c.parsers.giveBack()
}

// acquire gives a connection that no other step uses; the caller releases it.
func (c *client) acquire(ctx context.Context, op string) (*held, error) {
	if ctx.Err() != nil {
		return nil, c.fail(op, neterr.Explain(ctx, ctx.Err(), "it waited to be sent"))
	}
	start := time.Now()
	taken, err := c.pool.Acquire(ctx)
	if err == nil {
		conn := c.holders.hold(taken, provider.StepOf(ctx))
		if err := c.inspect(op, conn); err != nil {
			return nil, err
		}
		return conn, nil
	}
	if ctx.Err() != nil {
		if stat := c.pool.Stat(); stat.AcquiredConns() >= stat.MaxConns() {
			return nil, c.fail(op, fmt.Errorf("wait for one of %d connections, which %s: %w", stat.MaxConns(), &c.holders, neterr.NoAnswer(ctx, time.Since(start))))
		}
		return nil, c.fail(op, fmt.Errorf("connect to %s and log in: %w", c.address, neterr.NoAnswer(ctx, time.Since(start))))
	}
	return nil, c.connectError(op, err)
}

// inspect looks at what the server says of a session as it begins. Under other rules for quoting or another encoding, the
// statement that was looked at would not be the one that is carried out.
func (c *client) inspect(op string, conn *held) error {
	says := conn.Conn().PgConn().ParameterStatus
	if says("is_superuser") == "on" {
		c.superuser.Store(true)
	}
	turnAway := func(hint, format string, args ...any) error {
		conn.Release()
		e := c.refuse(op, fmt.Errorf(format, args...))
		e.Hint = hint
		return e
	}
	if says("standard_conforming_strings") == "off" {
		return turnAway("Set it to on for the role, or in the pooler in between.",
			"standard_conforming_strings is off in this session, so backslashes quote in plain texts")
	}
	// In some of the others (SJIS, GBK) a quote's backslash may be the second half of a character.
	if encoding := says("client_encoding"); !utf8Names[encoding] {
		return turnAway("Leave client_encoding out of the URL and its options, or set it to UTF8 in the pooler in between.",
			"client_encoding is %s in this session, and statements are sent in UTF-8", encoding)
	}
	return nil
}

// utf8Names are how servers report the encoding; empty: one that reports none has no other.
var utf8Names = set("UTF8", "UNICODE", "utf8", "")

// discard closes a connection whose protocol state is not known, or that no other step is to use. A pool would hold its place
// until the server has taken its leave, which a silent one never does.
func (c *client) discard(conn *held) {
	hangUp(conn.Hijack())
}

// interrupt is discard with the server asked first to give up the statement, so that it doesn't go on for nobody. The step
// does not wait for that.
func (c *client) interrupt(conn *held) {
	taken := conn.Hijack()
	c.goodbyes.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cancelPatience)
		defer cancel()
		// A server that can't be reached for this can't be told; the connection's end will tell it.
		_ = taken.PgConn().CancelRequest(ctx)
		hangUp(taken)
	})
}

// hangUp closes a connection. Closing waits for the server; one that is silent is not waited for.
func hangUp(conn *pgx.Conn) {
	gone, stop := context.WithCancel(context.Background())
	stop()
	_ = conn.Close(gone)
}
