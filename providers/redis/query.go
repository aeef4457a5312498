package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type queryArgs struct {
	Command  []string `rb:"command,required,filled" doc:"A reading command and its arguments: [\"LLEN\", \"jobs\"]."`
	MaxBytes int      `rb:"max_bytes" default:"16777216" doc:"At most so much of the answer is kept: the start of a string, the first elements of a list."`
}

type queryResult struct {
	Value     cty.Value `rb:"value" doc:"The answer: null, string, number, bool, tuple or object; a string that is not UTF-8 is \"base64:\" and its bytes."`
	Truncated bool      `rb:"truncated" doc:"Whether the answer is longer than max_bytes."`
}

var query = provider.Define(provider.Definition[*client, queryArgs, queryResult]{
	Name: "redis_query",
	Doc:  "Runs a command that the server flags read-only and not dangerous, or one of PING, INFO, TIME, ROLE, LASTSAVE, SLOWLOG GET and LEN, MEMORY USAGE, STATS and DOCTOR, LATENCY, CLIENT LIST, CONFIG GET, CLUSTER INFO.",
	Run:  runQuery, Effect: provider.Read, Misfits: queryMisfits,
	Summarize: func(r *queryResult) string {
		if r.Truncated {
			return "cut: " + summary(r.Value)
		}
		return summary(r.Value)
	},
})

// secretParameters are parameters of the server's configuration that hold passwords.
var secretParameters = set("requirepass", "masterauth", "tls-key-file-pass", "tls-client-key-file-pass")

func runQuery(ctx context.Context, in *provider.In[*client, queryArgs]) (*queryResult, error) {
	if in.Args.Command[0] == "" {
		return nil, in.Client.refuse("query", errors.New("command is empty; write the command and its arguments as a list"))
	}
	args := make([]any, len(in.Args.Command))
	for i, a := range in.Args.Command {
		args[i] = a
	}
	both, alone := names(args)
	op := "run " + strings.ToUpper(alone)
	value, _, err := in.Client.do(ctx, op, args...)
	if err != nil {
		return nil, err
	}
	d := decoder{warn: in.Warn}
	if both == "config get" {
		value = pairs(value)
		d.secret = func(key string) bool { return secretParameters[strings.ToLower(key)] }
	}
	b := bound{room: max(in.Args.MaxBytes, 1), host: in.Host}
	return &queryResult{Value: d.value(b.value(value)), Truncated: b.cut}, nil
}

// summary is an answer in one short line.
func summary(v cty.Value) string {
	v, _ = v.Unmark()
	switch {
	case v.IsNull():
		return "null"
	case v.Type() == cty.String:
		return short(v.AsString())
	case v.Type() == cty.Number:
		return v.AsBigFloat().Text('g', 15)
	case v.Type() == cty.Bool:
		return fmt.Sprint(v.True())
	case v.LengthInt() == 1:
		return "1 value"
	}
	return fmt.Sprintf("%d values", v.LengthInt())
}

func short(s string) string {
	const most = 60
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		s = strconv.Quote(s)
	}
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most-1]) + "…"
	}
	return s
}
