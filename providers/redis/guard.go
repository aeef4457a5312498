package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/e82355ed/runbook/engine/provider"
)

// guard is the hook that every command of a client passes: it lets reading ones out and refuses the rest. What reads
// is the server's own word (the flags and categories of COMMAND INFO), beside a list of commands that it does not flag.
// Safe for concurrent use.
type guard struct {
	client   redis.UniversalClient
	readOnly bool
	// verdicts holds an error or nil by command and subcommand, once the server was asked.
	mu       sync.Mutex
	verdicts map[string]error
}

func newGuard(client redis.UniversalClient, readOnly bool) *guard {
	return &guard{client: client, readOnly: readOnly, verdicts: map[string]error{}}
}

// refusal says why a command is not let out.
type refusal struct {
	command, reason string
	readOnly        bool
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("%s is not let out: %s", r.command, r.reason)
	if r.readOnly {
		text = provider.ErrReadOnly.Error() + ": " + text
	}
	return text
}

// Unwrap lets a read-only run's refusals be known as such.
func (r *refusal) Unwrap() error {
	if r.readOnly {
		return provider.ErrReadOnly
	}
	return nil
}

// askError says that the server could not be asked about a command.
type askError struct {
	command string
	cause   error
}

func (e *askError) Error() string { return "ask whether " + e.command + " reads: " + e.cause.Error() }
func (e *askError) Unwrap() error { return e.cause }

// errNoPrimary is the sentinels' answer to a wrong master_name.
var errNoPrimary = errors.New("no sentinel knows a primary of that name")

// reading are commands that read although the server does not flag them, or only as administration.
var reading = set(
	"ping", "info", "time", "role", "lastsave", "command info",
	"slowlog get", "slowlog len", "memory usage", "memory stats", "memory doctor",
	"latency latest", "latency history", "latency doctor", "latency graph", "latency histogram",
	"client list", "config get", "cluster info",
)

// connecting is what the library itself says to set up a connection, or to learn of a cluster's nodes.
var connecting = set("hello", "auth", "select", "readonly", "client setname", "client setinfo", "cluster slots",
	"cluster shards", "cluster nodes", "command")

// refused are never let out, whatever the server says of them: servers before 6 have no categories.
var refused = map[string]string{
	"keys":       "it holds up the server while it looks at all keys; SCAN does not",
	"sort_ro":    "it may hold up the server for long",
	"eval_ro":    scripting,
	"evalsha_ro": scripting,
	"fcall_ro":   scripting,
	"pfcount":    "it writes the count that it finds into the key",
}

const scripting = "it runs a script, which could do anything"

func set(names ...string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// names gives "memory usage" and "memory" of MEMORY USAGE key: a command with what may be its subcommand, and alone.
func names(args []any) (both, alone string) {
	if len(args) == 0 {
		return "", ""
	}
	alone = strings.ToLower(fmt.Sprint(args[0]))
	if len(args) == 1 {
		return alone, alone
	}
	return alone + " " + strings.ToLower(fmt.Sprint(args[1])), alone
}

// permit says whether a command is one that reads; a *refusal says why not, another error that the server could not be
// asked.
func (g *guard) permit(ctx context.Context, args []any) error {
	both, alone := names(args)
	if reading[both] || reading[alone] {
		return nil
	}
	if reason, ok := refused[alone]; ok {
		return g.refuse(alone, reason)
	}
	g.mu.Lock()
	verdict, known := g.verdicts[both]
	g.mu.Unlock()
	if known {
		return verdict
	}
	verdict, err := g.ask(ctx, both, alone)
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.verdicts[both] = verdict
	g.mu.Unlock()
	return verdict
}

func (g *guard) refuse(command, reason string) error {
	return &refusal{command: strings.ToUpper(command), reason: reason, readOnly: g.readOnly}
}

// ask looks at what the server says of the command and, from version 7 on, of its subcommand.
func (g *guard) ask(ctx context.Context, both, alone string) (verdict, err error) {
	question := []any{"command", "info", alone}
	if both != alone {
		question = append(question, strings.Replace(both, " ", "|", 1))
	}
	reply, err := g.client.Do(ctx, question...).Slice()
	if err != nil {
		return nil, &askError{command: strings.ToUpper(alone), cause: err}
	}
	entries := make([][]any, 2)
	for i := range min(len(reply), len(entries)) {
		entries[i] = list(reply, i) // nil for what the server doesn't know
	}
	command, sub := entries[0], entries[1]
	const subcommands = 9
	switch {
	case sub != nil:
		return g.judge(both, sub), nil
	case command == nil:
		return g.refuse(alone, "the server does not know it"), nil
	case len(list(command, subcommands)) > 0:
		return g.refuse(both, "it is not a subcommand that the server knows"), nil
	}
	return g.judge(alone, command), nil
}

// judge reads an entry of COMMAND INFO: its flags and its categories of the access control list.
func (g *guard) judge(name string, entry []any) error {
	const flags, categories = 2, 6
	switch {
	case !slices.Contains(list(entry, flags), any("readonly")):
		return g.refuse(name, "the server does not flag it read-only")
	case slices.Contains(list(entry, flags), any("may_replicate")):
		return g.refuse(name, "the server flags that it may write")
	case slices.Contains(list(entry, categories), any("@dangerous")):
		return g.refuse(name, "the server counts it among the dangerous commands")
	case slices.Contains(list(entry, categories), any("@scripting")):
		return g.refuse(name, scripting)
	}
	return nil
}

func list(entry []any, at int) []any {
	if at >= len(entry) {
		return nil
	}
	items, _ := entry[at].([]any) // another type is no list
	return items
}

// DialHook lets connections be made. Sentinels that know no such primary answer nil, which must not pass for the
// answer of a command.
func (g *guard) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if errors.Is(err, redis.Nil) {
			return nil, errNoPrimary
		}
		return conn, err
	}
}

// ProcessHook stops a command that does not read.
func (g *guard) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := g.check(ctx, cmd); err != nil {
			cmd.SetErr(err)
			return err
		}
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook stops a pipeline that holds a command that does not read.
func (g *guard) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if err := g.check(ctx, cmd); err != nil {
				for _, c := range cmds {
					c.SetErr(err)
				}
				return err
			}
		}
		return next(ctx, cmds)
	}
}

func (g *guard) check(ctx context.Context, cmd redis.Cmder) error {
	// An argument of HELLO is no subcommand; COMMAND is harmless with any.
	if !g.readOnly && ctx.Value(changing{}) != nil {
		return nil
	}
	if both, alone := names(cmd.Args()); connecting[both] || connecting[alone] {
		return nil
	}
	return g.permit(ctx, cmd.Args())
}
