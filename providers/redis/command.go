package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type commandArgs struct {
	Command  []string   `rb:"command,required,filled,partly" doc:"A command and its arguments: [\"DEL\", \"session:1\"]. Destructive are ACL DELUSER, CLUSTER DELSLOTS, CLUSTER FAILOVER, CLUSTER FLUSHSLOTS, CLUSTER FORGET, CLUSTER RESET, DEBUG, FAILOVER, FLUSHALL, FLUSHDB, FUNCTION DELETE, FUNCTION FLUSH, REPLICAOF, SHUTDOWN, SLAVEOF, SWAPDB, XGROUP DESTROY, and a script (EVAL, EVALSHA, FCALL, FUNCTION, SCRIPT) that names one of them; every other one is a write, DEL, UNLINK and LTRIM too."`
	Replaces *stateHeld `rb:"replaces" doc:"What the key must hold for the command to be sent, such as self.after in an undo: another value is somebody else's work by now, and is left as it is."`
}

type commandResult struct {
	Value  cty.Value `rb:"value,echo" doc:"The answer, as redis_query gives it."`
	Before *keyState `rb:"before,echo" doc:"The key before the command; null where the command has none or several, or the user may not read it. Where the undo uses it, it is what the command replaced: nobody came between."`
	After  *keyState `rb:"after,echo" doc:"The key after the command; null as before is."`

	// hushed is true where the answer may hold what is sensitive: the value that was set, or the one that it replaced.
	hushed bool
	// contained is true where all that the command does is in its key.
	contained bool
}

var command = provider.Define(provider.Definition[*client, commandArgs, commandResult]{
	Name: "redis_command", Doc: "Runs a command that changes something.", Effect: provider.Write,
	EffectArgs: []string{"command"},
	Classify: func(args *commandArgs, known provider.Known) provider.Effect {
		if begun := begun(args.Command, known); !known("command") && !decided(begun) {
			return provider.Destructive // it may be anything
		}
		return classify(args.Command)
	},
	AtLeast: func(args *commandArgs, known provider.Known) provider.Effect {
		return classify(begun(args.Command, known))
	},
	Misfits: changeMisfits, Because: becauseCommand, Instead: "redis_query sends what only reads",
	Run: runCommand, NotesFirst: true, Inquire: inquireCommand, Noted: notedOfCommand,
	ChangedNothing: func(r *commandResult) bool {
		return r.contained && r.Before != nil && r.After != nil && r.Before.unchanged(r.After)
	},
	Summarize: func(r *commandResult) string {
		if r.hushed {
			return "answered"
		}
		return summary(r.Value)
	},
})

// losing are commands that lose data, or the server.
var losing = set("flushall", "flushdb", "swapdb", "debug", "shutdown", "replicaof", "slaveof", "cluster reset", "cluster flushslots",
	"cluster forget", "cluster delslots", "function flush", "function delete", "acl deluser", "xgroup destroy", "failover", "cluster failover")

// scripts run a text, or what was stored before: they may do anything, and may fail half way.
var scripts = set("eval", "evalsha", "fcall", "function", "script")

// contained are commands of which all that they do is in their key: others speak to other servers, clients or indexes too.
var contained = set("set", "setnx", "setex", "psetex", "getset", "getdel", "getex", "append", "setrange", "setbit", "bitfield", "incr", "decr",
	"incrby", "decrby", "incrbyfloat", "del", "unlink", "expire", "pexpire", "expireat", "pexpireat", "persist", "hset", "hsetnx", "hmset", "hdel",
	"hincrby", "hincrbyfloat", "sadd", "srem", "spop", "zadd", "zrem", "zincrby", "zpopmin", "zpopmax", "zremrangebyrank", "zremrangebyscore",
	"zremrangebylex", "lpush", "rpush", "lpushx", "rpushx", "lpop", "rpop", "lset", "ltrim", "lrem", "linsert")

// spares are commands of those that do nothing to a key that is not there.
var spares = set("getdel", "getex", "del", "unlink", "expire", "pexpire", "expireat", "pexpireat", "persist", "hdel", "srem", "spop", "zrem", "zpopmin",
	"zpopmax", "zremrangebyrank", "zremrangebyscore", "zremrangebylex", "lpushx", "rpushx", "lpop", "rpop", "lset", "ltrim", "lrem", "linsert")

// idles reports whether a command may leave its key as that was, so that no undo may be due.
func idles(command []string, was *keyState) bool {
	_, name := names(anys(command))
	if was == nil || !contained[name] {
		return false // whatever it leaves, its undo is due
	}
	there := was.Type != "none"
	if there && (name == "setnx" || name == "hsetnx") || !there && spares[name] {
		return true
	}
	options := map[string]int{"set": 3, "zadd": 2, "expire": 3, "pexpire": 3, "expireat": 3, "pexpireat": 3}
	from, has := options[name]
	for i := from; has && i < len(command); i++ {
		switch strings.ToLower(command[i]) {
		case "xx", "ifeq", "ifdeq":
			return true
		case "nx", "ifne", "ifdne", "gt", "lt":
			return there
		}
	}
	return false
}

// shared are commands that change the connection, which belongs to other steps too, or that never end.
var shared = set("select", "auth", "hello", "reset", "quit", "multi", "exec", "discard", "watch", "unwatch", "subscribe",
	"psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe", "monitor", "client reply", "client tracking",
	"client caching", "client no-evict", "client no-touch", "client setname", "client setinfo", "readonly", "readwrite",
	"asking", "sync", "psync", "replconf")

// classify looks at the command's name; what a script does can't be seen, so its text is searched for the names.
func classify(command []string) provider.Effect {
	if len(command) == 0 {
		return provider.Write
	}
	both, name := names(anys(command))
	both, name = strings.TrimSpace(both), strings.TrimSpace(name)
	if losing[name] || losing[both] {
		return provider.Destructive
	}
	if scripts[name] && len(command) > 1 {
		for _, text := range command[1:] {
			for loss := range losing {
				if strings.Contains(strings.ToLower(text), loss) {
					return provider.Destructive
				}
			}
		}
	}
	return provider.Write
}

// begun are the words of a command before the first that is not known.
func begun(command []string, known provider.Known) []string {
	for i := range command {
		if !known(fmt.Sprintf("command[%d]", i)) {
			return command[:i]
		}
	}
	return command
}

// parted are commands of which a second word says what they do.
var parted = func() map[string]bool {
	out := map[string]bool{}
	for both := range losing {
		if first, _, ok := strings.Cut(both, " "); ok {
			out[first] = true
		}
	}
	return out
}()

// decided reports whether a command does what classify says of its first words, whatever the others are.
func decided(begun []string) bool {
	if len(begun) == 0 {
		return false
	}
	_, name := names(anys(begun))
	name = strings.TrimSpace(name)
	return !scripts[name] && (!parted[name] || len(begun) > 1)
}

// becauseCommand names the command.
func becauseCommand(args *commandArgs, known provider.Known) string {
	words := begun(args.Command, known)
	switch {
	case !known("command") && len(words) == 0:
		return "what redis_command is to send is not known before the run, and may be any command"
	case len(words) == 0:
		return ""
	}
	both, name := names(anys(words))
	told := "redis_command sends " + strings.ToUpper(name)
	switch {
	case losing[both]:
		return "redis_command sends " + strings.ToUpper(both) + ", which loses data or the server"
	case losing[name]:
		return told + ", which loses data or the server"
	case scripts[name]:
		return told + ", and a script may do anything"
	}
	return told + ", and counts as a write whatever it sends"
}

func anys(command []string) []any {
	args := make([]any, len(command))
	for i, a := range command {
		args[i] = a
	}
	return args
}

// commandNote is what an inquiry needs.
type commandNote struct {
	Before *keyState `json:"before"`
	// Idle says that the command may leave the key as it was.
	Idle bool `json:"idle,omitempty"`
}

func runCommand(ctx context.Context, in *provider.In[*client, commandArgs]) (*commandResult, error) {
	args := anys(in.Args.Command)
	both, alone := names(args)
	switch {
	case alone == "":
		return nil, in.Client.refuse("command", errors.New("command is empty; write the command and its arguments as a list"))
	case in.ReadOnly:
		return nil, in.Client.refuse("run "+strings.ToUpper(alone), provider.ErrReadOnly)
	case shared[both] || shared[alone]:
		return nil, in.Client.refuse("run "+strings.ToUpper(alone), errors.New("it changes the connection, which other steps share"))
	case classify(in.Args.Command) > in.Effect:
		return nil, in.Client.refuse("run "+strings.ToUpper(alone), fmt.Errorf("it is destructive, and the step was planned as a %s", in.Effect))
	}
	key, waits, err := in.Client.keyOf(ctx, in.Args.Command)
	if err != nil {
		return nil, unwritten(err, "")
	}
	result := &commandResult{hushed: in.Sensitive, contained: contained[alone]}
	if err := forgetUntold(in, key); err != nil {
		return nil, err
	}
	value, err := replace(ctx, in, key, waits, result)
	if err != nil {
		return nil, err
	}
	b := bound{room: keptBytes, host: in.Host}
	result.Value = decoder{warn: in.Warn}.value(b.value(value))
	if key != "" {
		if result.After, err = in.Client.keyState(ctx, key); err != nil {
			in.Warn("what %s holds now is not known: %v", key, err)
		}
	}
	return result, nil
}

// forgetUntold looks afresh where the attempt before was of an older version, which did not keep all that the key was.
func forgetUntold(in *provider.In[*client, commandArgs], key string) error {
	if in.Earlier == nil {
		return nil
	}
	var note commandNote
	if err := json.Unmarshal(in.Earlier.Note, &note); err != nil {
		return in.Client.refuse("run it again", fmt.Errorf("the note of the attempt before is not readable: %w", err))
	}
	if note.Before != nil && note.Before.untold {
		in.Warn("before is what %s held now: an older version sent the first attempt, and did not keep what it held then", key)
		in.Earlier = nil
	}
	return nil
}

// before reads what the key holds, or what an attempt before at the same write noted of it. Where the server refuses to tell, the
// command is sent all the same if no undo counts on it; a read that broke says that nothing was sent yet.
func before(ctx context.Context, in *provider.In[*client, commandArgs], ask asker, key string) (*keyState, error) {
	if key == "" {
		if in.CountedOn("before") || in.CountedOn("after") {
			_, alone := names(anys(in.Args.Command))
			return nil, unwritten(in.Client.refuse("run "+strings.ToUpper(alone), errors.New("there is no telling what was there before it: the server does not say of "+
				"the command that it changes one key")), "change one key a step, or copy the keys in a step before (COPY) and have the undo copy them back")
		}
		return nil, nil
	}
	if in.Earlier != nil {
		var note commandNote
		if err := json.Unmarshal(in.Earlier.Note, &note); err != nil {
			return nil, in.Client.refuse("run it again", fmt.Errorf("the note of the attempt before is not readable: %w", err))
		}
		if note.Before == nil {
			in.Warn("what %s held before the first attempt is not known", key)
		}
		return note.Before, nil
	}
	state, err := in.Client.keyStateBy(ctx, ask, key)
	if err == nil && state.inexact != "" && in.CountedOn("before") {
		return nil, unwritten(in.Client.refuse("read "+key, fmt.Errorf("an undo can't give back what the key holds: %s", state.inexact)),
			"copy the key beforehand (COPY) and have the undo copy it back")
	}
	if err == nil {
		return state, nil
	}
	switch {
	case !provider.Permanent(err):
		return nil, unwritten(err, "")
	case in.CountedOn("before"):
		return nil, unwritten(err, "let the user read the key")
	}
	in.Warn("what %s held before is not known: %v", key, err)
	return nil, nil
}

// unwritten is an error of a read before the command was sent; instead is what else to do where the undo counts on what was read.
func unwritten(err error, instead string) error {
	told, ok := errors.AsType[*provider.Error](err)
	if !ok {
		return err
	}
	nothing := *told
	nothing.NothingDone = true
	nothing.Hint = strings.TrimSpace(told.Hint + " Nothing was written.")
	if instead != "" {
		nothing.Hint += " The undo counts on self.before: " + instead + ", or take self.before out of the undo."
	}
	return &nothing
}

// notedOfCommand is what the key was before the command.
func notedOfCommand(text json.RawMessage) (*provider.Noted[commandResult], error) {
	var note commandNote
	if err := json.Unmarshal(text, &note); err != nil || note.Before == nil || note.Before.untold {
		return nil, err
	}
	result := &commandResult{Value: cty.NullVal(cty.DynamicPseudoType), Before: note.Before}
	return &provider.Noted[commandResult]{Result: result, Known: []string{"before"}, Idle: note.Idle}, nil
}

// inquireCommand looks at what the key holds. It can tell that SET, DEL and UNLINK of one key took place.
func inquireCommand(ctx context.Context, in *provider.In[*client, commandArgs], sent provider.Sent) (*provider.Finding[commandResult], error) {
	finding := &provider.Finding[commandResult]{Why: "Redis keeps no account of the commands that it ran."}
	if sent.Note == nil {
		return &provider.Finding[commandResult]{State: provider.NotDone, Why: "It ended before the command was sent."}, nil
	}
	var note commandNote
	if err := json.Unmarshal(sent.Note, &note); err != nil {
		return nil, in.Client.refuse("inquire", fmt.Errorf("the note is not readable: %w", err))
	}
	_, name := names(anys(in.Args.Command))
	// SET with options (NX, GET, a time to live) may have left another value, or the one that was there.
	told := name == "set" && len(in.Args.Command) == 3 || (name == "del" || name == "unlink") && len(in.Args.Command) == 2
	if !told || note.Before == nil {
		return finding, nil
	}
	now, err := in.Client.keyState(ctx, in.Args.Command[1])
	if err != nil {
		return nil, err
	}
	done := now.Type == "none"
	if name == "set" {
		done = now.Type == "string" && now.text == in.Args.Command[2] && now.TTLMS == nil
	}
	switch {
	case done && note.Before.untold:
		finding.State = provider.Done
		finding.Why = fmt.Sprintf("The key %s is as the command leaves it; what it held before is not known, as an older version sent it, which did not keep that.", now.Key)
	case done:
		finding.State, finding.Why = provider.Done, fmt.Sprintf("The key %s is as the command leaves it.", now.Key)
		finding.Result = &commandResult{Value: cty.StringVal("OK"), Before: note.Before, After: now, hushed: in.Sensitive, contained: true}
		if name != "set" {
			finding.Result.Value = cty.NumberIntVal(1)
			if note.Before.Type == "none" {
				finding.Result.Value = cty.Zero
			}
		}
	case now.same(note.Before):
		// Redis keeps no version of a key by which the one could be told from the other.
		finding.Why = fmt.Sprintf("The key %s is as it was before the command: whether that never arrived, or took place and was taken back, can't be told.", now.Key)
	default:
		finding.Why = fmt.Sprintf("The key %s is neither as it was before the command nor as it leaves it.", now.Key)
	}
	return finding, nil
}
