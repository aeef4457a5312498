package redis

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

type slowlogArgs struct {
	Limit int `rb:"limit" default:"10" doc:"At most this many entries, the latest; 1 to 100000."`
}

type slowlogEntry struct {
	ID         int64     `rb:"id" doc:"Number of the entry since the server's start."`
	At         time.Time `rb:"at" doc:"When the command ran, RFC 3339 in UTC."`
	DurationMS float64   `rb:"duration_ms" doc:"How long it ran."`
	Command    string    `rb:"command" doc:"The command with its arguments, long ones cut by the server."`
}

type slowlogResult struct {
	Entries   []slowlogEntry `rb:"entries" doc:"Commands that took longer than the server's slowlog-log-slower-than, newest first."`
	Count     int            `rb:"count" doc:"How many entries."`
	Truncated bool           `rb:"truncated" doc:"Whether there are more than limit."`
}

var slowlog = provider.Define(provider.Definition[*client, slowlogArgs, slowlogResult]{
	Name: "redis_slowlog", Doc: "Lists the latest slow commands.", Effect: provider.Read,
	Run: runSlowlog,
	Summarize: func(r *slowlogResult) string {
		if r.Count == 0 {
			return "no slow commands"
		}
		slowest := r.Entries[0].DurationMS
		for _, e := range r.Entries {
			slowest = max(slowest, e.DurationMS)
		}
		noun := "slow commands"
		if r.Count == 1 {
			noun = "slow command"
		}
		return fmt.Sprintf("%d %s, the slowest %s ms", r.Count, noun, strconv.FormatFloat(slowest, 'f', -1, 64))
	},
})

const slowlogOp = "read the slow log"

func runSlowlog(ctx context.Context, in *provider.In[*client, slowlogArgs]) (*slowlogResult, error) {
	if n := in.Args.Limit; n < 1 || n > 100_000 {
		return nil, in.Client.refuse(slowlogOp, fmt.Errorf("limit is %d, which is not from 1 to 100000", n))
	}
	value, _, err := in.Client.do(ctx, slowlogOp, "slowlog", "get", in.Args.Limit+1) // one more tells whether there is more
	if err != nil {
		return nil, err
	}
	items, ok := value.([]any)
	if !ok {
		return nil, in.Client.fail(slowlogOp, fmt.Errorf("the answer is not a list"))
	}
	result := &slowlogResult{}
	if len(items) > in.Args.Limit {
		items, result.Truncated = items[:in.Args.Limit], true
	}
	for _, item := range items {
		entry, err := slowlogEntryOf(in.Host, item)
		if err != nil {
			return nil, in.Client.fail(slowlogOp, err)
		}
		result.Entries = append(result.Entries, entry)
	}
	result.Count = len(result.Entries)
	return result, nil
}

// slowlogEntryOf reads id, Unix time, microseconds and arguments, see SLOWLOG GET in the documentation of Redis.
func slowlogEntryOf(host provider.Host, item any) (slowlogEntry, error) {
	fields, ok := item.([]any)
	if !ok || len(fields) < 4 {
		return slowlogEntry{}, fmt.Errorf("an entry of the slow log has an unknown form")
	}
	id, ok1 := fields[0].(int64)
	at, ok2 := fields[1].(int64)
	took, ok3 := fields[2].(int64)
	args, ok4 := fields[3].([]any)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return slowlogEntry{}, fmt.Errorf("an entry of the slow log has an unknown form")
	}
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = quoteWord(whole(host, fmt.Sprint(a)))
	}
	return slowlogEntry{
		ID: id, At: time.Unix(at, 0).UTC(), DurationMS: float64(took) / 1000, Command: strings.Join(words, " "),
	}, nil
}

var serverCut = regexp.MustCompile(`^(?s)(.*)(\.\.\. \([0-9]+ more bytes\))$`)

// whole is an argument without the beginning of a secret, where the server shortened it (slowlog.c, slowlogCreateEntry).
func whole(host provider.Host, argument string) string {
	if parts := serverCut.FindStringSubmatch(argument); parts != nil {
		return host.Cut(parts[1]) + parts[2]
	}
	return argument
}

// quoteWord quotes what would not be one word.
func quoteWord(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || r == '"' || !strconv.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
