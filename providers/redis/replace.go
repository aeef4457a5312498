package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/provider"
)

// stateHeld is a key as its author has it from before or after.
type stateHeld struct {
	Key       string    `rb:"key,required" doc:"Name of the key."`
	Type      string    `rb:"type,required" doc:"Its type; none where there must be no such key."`
	Value     cty.Value `rb:"value" doc:"What it holds."`
	Truncated bool      `rb:"truncated" doc:"Whether value is not all of it."`
}

// errChanged says that a watched key was changed before the command, which did not run.
var errChanged = errors.New("the key was changed in between")

// maxTries bounds how often a key is read again that others change all the time.
const maxTries = 50

// replace reads what the key holds, keeps it and sends the command. Where the undo counts on what the key held, or the author says what it
// has to hold, nobody comes between: what was changed in between is read again.
func replace(ctx context.Context, in *provider.In[*client, commandArgs], key string, waits bool, result *commandResult) (any, error) {
	args := anys(in.Args.Command)
	_, alone := names(args)
	op := "run " + strings.ToUpper(alone)
	counted := in.Earlier == nil && (in.CountedOn("before") || in.CountedOn("after"))
	switch {
	case in.Args.Replaces == nil && (!counted || key == ""):
		return readAndSend(ctx, in, in.Client.do, key, result, func() (any, error) { return in.Client.change(ctx, op, args) })
	case key == "" || in.Args.Replaces != nil && key != in.Args.Replaces.Key:
		return nil, in.Client.refuse(op, fmt.Errorf("replaces is about the key %s, and the command is not about that one alone", in.Args.Replaces.Key))
	case waits:
		return nil, unwritten(in.Client.refuse(op, errors.New("there is no telling what it replaces, as it waits for what others do")), "take a command that does not wait")
	}
	for range maxTries {
		value, err := replaceHeld(ctx, in, op, args, key, result)
		if !errors.Is(err, errChanged) {
			return value, err
		}
	}
	return nil, unwritten(in.Client.fail(op, fmt.Errorf("others changed %s each of %d times between the look at it and the command", key, maxTries)), "")
}

// replaceHeld is one try at it; errChanged: somebody came between.
func replaceHeld(ctx context.Context, in *provider.In[*client, commandArgs], op string, args []any, key string, result *commandResult) (any, error) {
	h, err := in.Client.hold(ctx, key)
	if err != nil {
		return nil, unwritten(err, "let the user run WATCH, MULTI and EXEC")
	}
	defer h.release(ctx)
	if r := in.Args.Replaces; r != nil {
		now, err := in.Client.keyStateBy(ctx, h.ask, key)
		if err != nil {
			return nil, unwritten(err, "")
		}
		if !r.is(now) {
			return nil, unwritten(in.Client.refuse(op, fmt.Errorf("the key %s does not hold what replaces says: somebody else has changed it", key)), "")
		}
	}
	return readAndSend(ctx, in, h.ask, key, result, func() (any, error) { return h.change(ctx, op, args) })
}

// readAndSend keeps what was there on disk before the command is sent.
func readAndSend(ctx context.Context, in *provider.In[*client, commandArgs], ask asker, key string, result *commandResult, send func() (any, error)) (_ any, err error) {
	if result.Before, err = before(ctx, in, ask, key); err != nil {
		return nil, err
	}
	if err := in.NoteSealed(commandNote{Before: result.Before, Idle: idles(in.Args.Command, result.Before)}); err != nil {
		return nil, in.Client.fail("keep what was there before", err)
	}
	return send()
}

// is reports whether a key surely holds what is said of it.
func (s *stateHeld) is(now *keyState) bool {
	if s.Type != now.Type || s.Truncated || now.Truncated {
		return false
	}
	said, err := ctyjson.SimpleJSONValue{Value: s.Value}.MarshalJSON()
	if err != nil {
		return false
	}
	held, err := ctyjson.SimpleJSONValue{Value: now.Value}.MarshalJSON()
	return err == nil && string(said) == string(held)
}

// hold is a connection of its own on which a key is watched: a command that is sent over it does not run if the key was changed.
type hold struct {
	client *client
	conn   *redis.Conn
	// spent says that the command was sent, with which the watch ends.
	spent bool
}

func (c *client) hold(ctx context.Context, key string) (*hold, error) {
	node, _ := c.redis.(*redis.Client) // of one server, or of the primary that sentinels name
	if cluster, ok := c.redis.(*redis.ClusterClient); ok {
		var err error
		if node, err = cluster.MasterForKey(ctx, key); err != nil {
			return nil, c.explain("watch "+key, err)
		}
	}
	h := &hold{client: c, conn: node.Conn()}
	if err := h.say(ctx, "watch "+key, "watch", key); err != nil {
		h.release(ctx)
		return nil, err
	}
	return h, nil
}

// say sends what is about the connection itself.
func (h *hold) say(ctx context.Context, op string, args ...any) error {
	_, _, err := h.client.await(ctx, op, func() answer {
		ctx := context.WithValue(ctx, changing{}, true)
		return answer{err: h.conn.Process(ctx, redis.NewCmd(ctx, args...))}
	})
	return err
}

func (h *hold) ask(ctx context.Context, op string, args ...any) (value any, took time.Duration, err error) {
	return h.client.await(ctx, op, func() answer { return h.client.process(ctx, h.conn, args) })
}

func (h *hold) change(ctx context.Context, op string, args []any) (any, error) {
	h.spent = true
	return h.client.send(ctx, op, args, func(ctx context.Context) *redis.Cmd {
		var cmd *redis.Cmd
		_, _ = h.conn.TxPipelined(ctx, func(p redis.Pipeliner) error { // the command has the error
			cmd = p.Do(ctx, args...)
			return nil
		})
		return cmd
	})
}

// release gives the connection back. Where it could not be told to watch no more, whoever holds a key over it next has one try more.
func (h *hold) release(ctx context.Context) {
	if !h.spent {
		_ = h.say(ctx, "unwatch", "unwatch")
	}
	_ = h.conn.Close()
}
