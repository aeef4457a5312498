package redis

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
)

// client is the connections to one server, cluster or sentinel-watched primary. It connects on first use and is safe
// for concurrent use.
type client struct {
	redis    redis.UniversalClient
	guard    *guard
	endpoint string
	secrets  []string
	// commands under way, those that nobody waits for any more included.
	running sync.WaitGroup
}

// open makes the client; it touches no network.
func open(req provider.Open[config]) (*client, error) {
	s, err := settingsOf(req)
	if err != nil {
		return nil, &provider.Error{Op: "open the Redis client", Err: err, NothingDone: true, Permanent: true}
	}
	c := &client{
		redis:    redis.NewUniversalClient(s.options),
		endpoint: strings.Join(s.options.Addrs, ","),
	}
	for _, secret := range []string{s.options.Password, s.options.SentinelPassword} {
		if secret != "" {
			c.secrets = append(c.secrets, secret)
		}
	}
	c.guard = newGuard(c.redis, req.ReadOnly)
	c.redis.AddHook(c.guard)
	return c, nil
}

// Close ends all connections, and with them the commands that were left behind.
func (c *client) Close() error {
	err := c.redis.Close()
	c.running.Wait()
	return err
}

// connected is where a new connection leaves the time since when it is usable, so that an answer's time is the
// server's own.
type connected struct{}

// noteConnected is called on each new connection with the context of the command that needed it.
func noteConnected(ctx context.Context, _ *redis.Conn) error {
	if at, ok := ctx.Value(connected{}).(*time.Time); ok {
		*at = time.Now()
	}
	return nil
}

// answer is what one command gave.
type answer struct {
	value any
	took  time.Duration
	err   error
}

// do runs one command and gives the server's answer: nil, string, int64, float64, bool, *big.Int, []any, map[any]any.
// took leaves out the connecting.
//
// go-redis obeys a context's deadline, and not its cancellation while it waits for an answer. So the command runs in a
// goroutine of its own, which Close waits for; an interrupted one ends with its connection.
func (c *client) do(ctx context.Context, op string, args ...any) (value any, took time.Duration, err error) {
	return c.await(ctx, op, func() answer { return c.process(ctx, c.redis, args) })
}

// await gives the answer to what asks in a goroutine of its own.
func (c *client) await(ctx context.Context, op string, ask func() answer) (value any, took time.Duration, err error) {
	start := time.Now()
	if ctx.Err() != nil {
		return nil, 0, c.fail(op, neterr.NoAnswer(ctx, 0))
	}
	answers := make(chan answer, 1)
	c.running.Go(func() { answers <- ask() })
	select {
	case a := <-answers:
		if a.err == nil {
			return a.value, a.took, nil
		}
		if ctx.Err() != nil || c.metDeadline(ctx, a.err) {
			return nil, 0, c.fail(op, neterr.NoAnswer(ctx, time.Since(start)))
		}
		return nil, 0, c.explain(op, a.err)
	case <-ctx.Done():
		return nil, 0, c.fail(op, neterr.NoAnswer(ctx, time.Since(start)))
	}
}

// processor sends commands: over any of a client's connections, or over one.
type processor interface {
	Process(ctx context.Context, cmd redis.Cmder) error
}

func (c *client) process(ctx context.Context, over processor, args []any) answer {
	// The hook lets out what a connection needs too; an action's own command has to be a reading one.
	if err := c.guard.permit(ctx, args); err != nil {
		return answer{err: err}
	}
	ready := time.Now()
	ctx = context.WithValue(ctx, connected{}, &ready)
	cmd := redis.NewCmd(ctx, args...)
	err := over.Process(ctx, cmd)
	took := time.Since(ready)
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	return answer{value: cmd.Val(), took: took, err: err}
}

// metDeadline reports whether a connection's timeout is the context's deadline, which it may be ahead of by a moment.
func (c *client) metDeadline(ctx context.Context, err error) bool {
	const moment = 50 * time.Millisecond
	deadline, ok := ctx.Deadline()
	if !ok || !timeout(err) || time.Until(deadline) > moment {
		return false
	}
	<-ctx.Done()
	return true
}
