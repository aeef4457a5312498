package redis

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
)

// changing marks the context of a command that the guard lets out although it does not read.
type changing struct{}

// change sends a command once, whatever it does.
func (c *client) change(ctx context.Context, op string, args []any) (any, error) {
	return c.send(ctx, op, args, func(ctx context.Context) *redis.Cmd {
		cmd := redis.NewCmd(ctx, args...)
		_ = c.redis.Process(ctx, cmd) // the command has the error
		return cmd
	})
}

// send has a command sent once.
func (c *client) send(ctx context.Context, op string, args []any, by func(context.Context) *redis.Cmd) (any, error) {
	if c.guard.readOnly {
		return nil, c.refuse(op, provider.ErrReadOnly)
	}
	start := time.Now()
	answers := make(chan answer, 1)
	c.running.Go(func() {
		cmd := by(context.WithValue(ctx, changing{}, true))
		err := cmd.Err()
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		answers <- answer{value: cmd.Val(), err: err}
	})
	select {
	case a := <-answers:
		if a.err == nil {
			return a.value, nil
		}
		if errors.Is(a.err, redis.TxFailedErr) {
			return nil, errChanged
		}
		if ctx.Err() != nil || c.metDeadline(ctx, a.err) {
			return nil, inDoubt(c.fail(op, neterr.NoAnswer(ctx, time.Since(start))))
		}
		e := c.explain(op, a.err)
		if !nothingDone(args, a.err) {
			return nil, inDoubt(e)
		}
		return nil, e
	case <-ctx.Done():
		return nil, inDoubt(c.fail(op, neterr.NoAnswer(ctx, time.Since(start))))
	}
}

func inDoubt(e *provider.Error) *provider.Error {
	e.NothingDone = false
	e.Hint = strings.TrimSpace(e.Hint + " Whether it took place is not known from here.")
	return e
}

// nothingDone reports whether an error says that the command did not run: the server refused it, or was never reached. A
// script may fail after some of its commands ran, and MIGRATE after keys went to the other server.
func nothingDone(args []any, err error) bool {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	_, alone := names(args)
	reply, ok := errors.AsType[redis.Error](err)
	return ok && !errors.Is(err, redis.ErrClosed) && reply != nil && !scripts[alone] && (alone != "migrate" || !underWay(reply.Error()))
}

// underWay reports whether MIGRATE failed after it had reached the other server, by the errors that its source has: one of
// reading the answer leaves the key perhaps there, and of several keys the others are moved when one is refused.
func underWay(reply string) bool {
	return strings.HasPrefix(reply, "IOERR ") && !strings.Contains(reply, "connecting") || strings.Contains(reply, "Target instance replied with error")
}
