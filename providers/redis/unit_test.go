package redis

import (
	"context"
	"errors"
	"maps"
	"math"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestDecode(t *testing.T) {
	var warnings []string
	d := decoder{warn: func(format string, _ ...any) { warnings = append(warnings, format) }}
	for name, test := range map[string]struct {
		in   any
		want cty.Value
	}{
		"nil":    {nil, cty.NullVal(cty.DynamicPseudoType)},
		"text":   {"héllo", cty.StringVal("héllo")},
		"bytes":  {"\xff\x00", cty.StringVal("base64:/wA=")},
		"int":    {int64(-3), cty.NumberIntVal(-3)},
		"float":  {1.5, cty.NumberFloatVal(1.5)},
		"nan":    {math.NaN(), cty.NullVal(cty.Number)},
		"inf":    {math.Inf(-1), cty.NullVal(cty.Number)},
		"bool":   {true, cty.True},
		"big":    {new(big.Int).Lsh(big.NewInt(1), 80), cty.MustParseNumberVal("1208925819614629174706176")},
		"empty":  {[]any{}, cty.EmptyTupleVal},
		"list":   {[]any{int64(1), "a", nil, []any{"b"}}, cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.StringVal("a"), cty.NullVal(cty.DynamicPseudoType), cty.TupleVal([]cty.Value{cty.StringVal("b")})})},
		"map":    {map[any]any{"a": int64(1), int64(2): "b"}, cty.ObjectVal(map[string]cty.Value{"a": cty.NumberIntVal(1), "2": cty.StringVal("b")})},
		"no map": {map[any]any{}, cty.EmptyObjectVal},
		"error":  {errors.New("ERR no"), cty.StringVal("ERR no")},
	} {
		t.Run(name, func(t *testing.T) {
			if got := d.value(test.in); !got.RawEquals(test.want) {
				t.Errorf("got %#v, expected %#v", got, test.want)
			}
		})
	}
	if len(warnings) != 2 {
		t.Errorf("warnings: %q", warnings)
	}
	if diff := cmp.Diff(map[any]any{"a": "1", "b": "2"}, pairs([]any{"a", "1", "b", "2"})); diff != "" {
		t.Error(diff)
	}
}

func TestParseInfo(t *testing.T) {
	const answer = "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:12\r\n\r\n# Memory\r\nused_memory:1048576\r\nmaxmemory:%MAX%\r\n" +
		"# Stats\r\nkeyspace_hits:3\r\nkeyspace_misses:1\r\n# Replication\r\nrole:master\r\nconnected_slaves:2\r\nslave0:ip=10.0.0.1,port=6379\r\n"
	r := infoOf(parseInfo(strings.ReplaceAll(answer, "%MAX%", "4194304")))
	if *r.Version != "7.0.15" || *r.MemoryPercent != 25 || *r.HitPercent != 75 || *r.Replicas != 2 || *r.UptimeSeconds != 12 || r.EvictedKeys != nil {
		t.Errorf("result is %+v", r)
	}
	if got := r.Info["replication.slave0"]; got != "ip=10.0.0.1,port=6379" {
		t.Errorf("slave0 is %q", got)
	}
	if got := infoSummary(r); got != "Redis 7.0.15, 25% of its memory, 75% hits" {
		t.Errorf("summary is %q", got)
	}
	if r := infoOf(parseInfo(strings.ReplaceAll(answer, "%MAX%", "0"))); r.MemoryPercent != nil || *r.MaxMemoryBytes != 0 {
		t.Errorf("without a bound: %+v", r)
	}
	if r := infoOf(parseInfo("# Stats\r\nkeyspace_hits:0\r\nkeyspace_misses:0\r\n")); r.HitPercent != nil || infoSummary(r) != "2 statistics" {
		t.Errorf("without lookups: %+v", r)
	}
}

// sends are the arguments of an action with a command.
func sends(spec *provider.Spec, command cty.Value) cty.Value {
	args := spec.Args().Null().AsValueMap()
	args["command"] = command
	return cty.ObjectVal(args)
}

// TestDestructiveCommandsAreDocumented: the reference names all of them, and no others.
func TestDestructiveCommandsAreDocumented(t *testing.T) {
	_, text, _ := strings.Cut(command.Spec().Args().Attribute("command").Doc, "Destructive are ")
	text, _, _ = strings.Cut(text, ", and a script")
	got := strings.Split(strings.ToLower(text), ", ")
	if want := slices.Sorted(maps.Keys(losing)); !slices.Equal(got, want) {
		t.Errorf("documented are %q, and destructive %q", got, want)
	}
}

func TestClassify(t *testing.T) {
	spec := New().Action("redis_command").Spec()
	for text, want := range map[string]provider.Effect{
		"SET a b": provider.Write, "DEL a": provider.Write, "FLUSHALL": provider.Destructive, "flushdb ASYNC": provider.Destructive,
		"DEBUG SLEEP 1": provider.Destructive, "Shutdown NOSAVE": provider.Destructive, "SWAPDB 0 1": provider.Destructive,
		"EVAL redis.call('FLUSHALL') 0": provider.Destructive, "EVAL return(1) 0": provider.Write, "SET a flushall": provider.Write,
	} {
		args := sends(spec, addresses(strings.Fields(text)...))
		if got := spec.Classify(args); got != want {
			t.Errorf("%s is %s, expected %s", text, got, want)
		}
	}
	unknown := sends(spec, cty.UnknownVal(cty.List(cty.String)))
	if got := spec.Classify(unknown); got != provider.Destructive || !spec.Supported {
		t.Errorf("an unknown command is %s", got)
	}
}

// TestClassifyInPart: the command's own words tell what it does, whatever its arguments turn out to be.
func TestClassifyInPart(t *testing.T) {
	spec := New().Action("redis_command").Spec()
	const open = "?"
	for text, want := range map[string][2]provider.Effect{ // at least, and at worst
		"SET ? 1":           {provider.Write, provider.Write},
		"SET flushall ?":    {provider.Write, provider.Write},
		"SET":               {provider.Write, provider.Write},
		"?":                 {provider.Write, provider.Destructive},
		"? ALL":             {provider.Write, provider.Destructive},
		"FLUSH?":            {provider.Write, provider.Destructive},
		"flushdb ?":         {provider.Destructive, provider.Destructive},
		"CLUSTER ?":         {provider.Write, provider.Destructive},
		"CLUSTER RES?":      {provider.Write, provider.Destructive},
		"CLUSTER RESET ?":   {provider.Destructive, provider.Destructive},
		"CLUSTER MEET ? 1":  {provider.Write, provider.Write},
		"XGROUP ? s g":      {provider.Write, provider.Destructive},
		"EVAL return(1) ?":  {provider.Write, provider.Destructive},
		"EVAL flushall() ?": {provider.Destructive, provider.Destructive},
		"EVAL ? 0":          {provider.Write, provider.Destructive},
	} {
		var words []cty.Value
		for _, word := range strings.Fields(text) {
			begin, partly := strings.CutSuffix(word, open)
			if v := cty.StringVal(word); !partly {
				words = append(words, v)
				continue
			}
			words = append(words, cty.UnknownVal(cty.String).Refine().NotNull().StringPrefixFull(begin).NewValue())
		}
		args := sends(spec, cty.ListVal(words))
		if got := [2]provider.Effect{spec.AtLeast(args), spec.Classify(args)}; got != want {
			t.Errorf("%s is %v, expected %v", text, got, want)
		}
	}
	args := sends(spec, cty.ListVal([]cty.Value{cty.StringVal("SET"), cty.UnknownVal(cty.String)}))
	if got := spec.Because(args); !strings.Contains(got, "redis_command sends SET, and counts as a write") {
		t.Errorf("it is a write as %q", got)
	}
}

func TestSummary(t *testing.T) {
	for want, v := range map[string]cty.Value{
		"null": cty.NullVal(cty.DynamicPseudoType), "active": cty.StringVal("active"), `"a\nb"`: cty.StringVal("a\nb"), `""`: cty.StringVal(""),
		"12": cty.NumberIntVal(12), "true": cty.True, "0 values": cty.EmptyTupleVal, "1 value": cty.TupleVal([]cty.Value{cty.Zero}),
		strings.Repeat("x", 59) + "…": cty.StringVal(strings.Repeat("x", 100)),
	} {
		if got := summary(v); got != want {
			t.Errorf("summary is %q, expected %q", got, want)
		}
	}
}

// TestSlowlogCutsSecrets: the server shortens long arguments, perhaps in a secret.
func TestSlowlogCutsSecrets(t *testing.T) {
	host := provider.Host{BlankCut: func(text string) string { return strings.TrimSuffix(text, "hunt") + "(sensitive)" }}
	got, err := slowlogEntryOf(host, []any{int64(7), int64(0), int64(0), []any{"SET", "k", "hunt", "x\nhunt... (3 more bytes)"}})
	if want := `SET k hunt "x\n(sensitive)... (3 more bytes)"`; err != nil || got.Command != want {
		t.Errorf("got %s, %v; want %s", got.Command, err, want)
	}
}

func TestSlowlogEntry(t *testing.T) {
	got, err := slowlogEntryOf(provider.Host{}, []any{int64(7), int64(1700000000), int64(1500), []any{"SET", "a b", ""}, "127.0.0.1:1", ""})
	want := slowlogEntry{ID: 7, At: time.Unix(1700000000, 0).UTC(), DurationMS: 1.5, Command: `SET "a b" ""`}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, item := range []any{nil, []any{int64(1)}, []any{"a", "b", "c", "d"}} {
		if _, err := slowlogEntryOf(provider.Host{}, item); err == nil {
			t.Errorf("%v is an entry", item)
		}
	}
}

// The hook is the last line: it stops what an action would send past permit, alone or in a pipeline.
func TestHook(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	g := newGuard(client, true)
	g.verdicts["set a"] = g.refuse("set", "the server does not flag it read-only")
	client.AddHook(g)
	ctx := t.Context()
	if err := client.Do(ctx, "set", "a", "b").Err(); !errors.Is(err, provider.ErrReadOnly) {
		t.Errorf("SET gave %v", err)
	}
	_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Ping(ctx)
		p.Set(ctx, "a", "b", 0)
		return nil
	})
	if !errors.Is(err, provider.ErrReadOnly) {
		t.Errorf("a pipeline gave %v", err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	dial := g.DialHook(func(context.Context, string, string) (net.Conn, error) { return nil, redis.Nil })
	if _, err := dial(ctx, "tcp", "main"); !errors.Is(err, errNoPrimary) {
		t.Errorf("a sentinel's nil gave %v", err)
	}
}

func TestExplain(t *testing.T) {
	c := &client{endpoint: "cache:6379", secrets: []string{"hunter22"}}
	for name, test := range map[string]struct {
		err       error
		want      string
		permanent bool
	}{
		"loading": {proto("LOADING Redis is loading the dataset in memory"), "op: cache:6379: LOADING Redis is loading the dataset in memory. The server is", false},
		"moved":   {proto("MOVED 1 10.0.0.1:6379"), "set mode = \"cluster\"", true},
		"primary": {errNoPrimary, "talk to cache:6379: no sentinel knows a primary of that name. Check master_name", false},
		"secret":  {proto("ERR unknown hunter22"), "ERR unknown (sensitive)", true},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.explain("op", test.err)
			if !strings.Contains(err.Error(), test.want) || err.Permanent != test.permanent {
				t.Errorf("error is %v, permanent %v", err, err.Permanent)
			}
		})
	}
}

// proto is an error as the server replies it.
type proto string

func (p proto) Error() string { return string(p) }
func (proto) RedisError()     {}
