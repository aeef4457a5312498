package providertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type fakeConfig struct {
	Address  string `rb:"address" doc:"Where it listens."`
	Password string `rb:"password,sensitive" doc:"Password."`
}

type fakeClient struct {
	config   *fakeConfig
	readOnly bool
}

type listArgs struct {
	Limit int `rb:"limit" default:"10" doc:"At most this many."`
}

type listResult struct {
	Items     []string `rb:"items" doc:"What there is."`
	Count     int      `rb:"count" doc:"How many items."`
	LatencyMS float64  `rb:"latency_ms" doc:"The service's answer."`
	Truncated bool     `rb:"truncated" doc:"Whether there is more."`
}

// fake talks to nobody, except where it must wait or fail.
func fake() *provider.Provider {
	run := func(ctx context.Context, in *provider.In[*fakeClient, listArgs]) (*listResult, error) {
		if in.Effect != provider.Read && in.Client.readOnly {
			return nil, &provider.Error{Op: "fake", Endpoint: in.Client.config.Address, Err: provider.ErrReadOnly}
		}
		if in.Client.config.Password == "wrong" {
			return nil, &provider.Error{Op: "log in", Endpoint: in.Client.config.Address, Err: errors.New("password refused")}
		}
		if address := in.Client.config.Address; address != "" {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err != nil {
				return nil, &provider.Error{Op: "connect", Endpoint: address, Err: err}
			}
			defer func() { _ = conn.Close() }()
			<-ctx.Done()
			return nil, &provider.Error{Op: "read", Endpoint: address, Err: ctx.Err()}
		}
		items := []string{"a", "b", "c"}
		cut := items[:min(in.Args.Limit, len(items))]
		return &listResult{
			Items: cut, Count: len(cut), Truncated: len(cut) < len(items), LatencyMS: float64(time.Now().UnixNano()),
		}, nil
	}
	summarize := func(r *listResult) string { return fmt.Sprintf("%d items", r.Count) }
	return provider.New(provider.Setup[fakeConfig, *fakeClient]{
		Name: "fake", Doc: "A provider for tests.",
		Open: func(_ context.Context, req provider.Open[fakeConfig]) (*fakeClient, error) {
			return &fakeClient{config: req.Config, readOnly: req.ReadOnly}, nil
		},
		Actions: []provider.Action{
			provider.Define(provider.Definition[*fakeClient, listArgs, listResult]{
				Name: "fake_list", Doc: "Lists items.", Run: run, Summarize: summarize,
			}),
			provider.Define(provider.Definition[*fakeClient, listArgs, listResult]{
				Name: "fake_change", Doc: "Changes items.", Effect: provider.Write, Run: run, Summarize: summarize,
			}),
			provider.Define(provider.Definition[*fakeClient, listArgs, listResult]{
				Name: "fake_later", Doc: "Is not there yet.", Effect: provider.Write,
			}),
		},
	})
}

func TestRun(t *testing.T) {
	closed, silent := Closed(t), Silent(t)
	at := func(address string) Values {
		return Values{"address": cty.StringVal(address), "password": cty.StringVal("hunter22")}
	}
	Run(t, Suite{
		Provider: fake(), Secrets: []string{"hunter22"},
		Cases: []Case{
			{Kind: Happy, Action: "fake_list", Volatile: []string{"latency_ms"}, Check: func(t *testing.T, r *provider.Result) {
				if got := r.Value.GetAttr("count"); !got.RawEquals(cty.NumberIntVal(3)) {
					t.Errorf("count is %#v", got)
				}
			}},
			{Kind: Happy, Action: "fake_change", Volatile: []string{"latency_ms"}},
			{Kind: Unreachable, Action: Every, Config: at(closed), Endpoint: closed, Words: []string{"refused"}},
			{Kind: Refused, Action: Every, Config: Values{"address": cty.StringVal("db:1"), "password": cty.StringVal("wrong")},
				Endpoint: "db:1", Words: []string{"password"}},
			{Kind: Timeout, Action: Every, Config: at(silent), Endpoint: silent, Deadline: 50 * time.Millisecond},
			{Kind: Cancelled, Action: Every, Config: at(silent), Endpoint: silent, Deadline: 50 * time.Millisecond},
			{Kind: Bounded, Action: "fake_list", Args: Values{"limit": cty.NumberIntVal(2)}},
		},
		Exceptions: []Exception{{Action: "fake_change", Kind: Bounded, Reason: "It is as fake_list."}},
	})
}

func TestCoverageNamesWhatLacks(t *testing.T) {
	s := &Suite{Provider: fake(), Cases: []Case{
		{Kind: Happy, Action: "fake_list"}, {Kind: Unreachable, Action: Every}, {Kind: Refused, Action: Every},
		{Kind: Timeout, Action: Every}, {Kind: Bounded, Action: Every},
	}, Exceptions: []Exception{{Action: "fake_lost", Kind: Cancelled}}}
	want := []string{
		`fake_list has no "cancelled" case`, `fake_change has no "happy" case`, `fake_change has no "cancelled" case`,
		`the exception of fake_lost from "cancelled" has no reason`, `"fake_lost", which does not exist`,
	}
	contains(t, s.coverage(), want)
}

func TestErrorProblems(t *testing.T) {
	c := Case{Endpoint: "db:1", Words: []string{"refused"}}
	for name, test := range map[string]struct {
		err  error
		want []string
	}{
		"good":    {errors.New("connect: db:1: connection refused"), nil},
		"none":    {nil, []string{"no error"}},
		"bare":    {errors.New("db:1 refused: EOF"), []string{"bare EOF"}},
		"nowhere": {errors.New("refused"), []string{`name "db:1"`}},
		"mute":    {errors.New("db:1: no"), []string{`say "refused"`}},
		"format":  {errors.New("db:1 refused %!s(nil)"), []string{"formatting mistake"}},
	} {
		t.Run(name, func(t *testing.T) { contains(t, errorProblems(c, test.err), test.want) })
	}
}

func TestPromptness(t *testing.T) {
	c := Case{Deadline: time.Millisecond, Slack: time.Millisecond}
	late := outcome{took: time.Second, err: errors.New("no")}
	contains(t, promptness(c, late, context.Canceled), []string{"ended after 1s", "does not wrap"})
	if got := promptness(c, outcome{err: fmt.Errorf("x: %w", context.Canceled)}, context.Canceled); got != nil {
		t.Error(got)
	}
}

func TestLeaks(t *testing.T) {
	o := outcome{err: errors.New("dial hunter22"), log: "hunter22", result: &provider.Result{
		Summary: "hunter22", Warnings: []string{"hunter22"}, Failure: &provider.Failure{Detail: "hunter22"},
		Value: cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("hunter22")}),
	}}
	if got := leaks([]string{"hunter22"}, texts(o)); len(got) != 6 {
		t.Errorf("found %q, expected six places", got)
	}
	marked := outcome{result: &provider.Result{Value: cty.StringVal("hunter22").Mark(provider.Sensitive)}}
	if got := leaks([]string{"hunter22"}, texts(marked)); got != nil {
		t.Errorf("a marked value is no leak: %q", got)
	}
}

func TestResultProblems(t *testing.T) {
	spec := fake().Action("fake_list").Spec()
	value := cty.ObjectVal(map[string]cty.Value{
		"items": cty.ListVal([]cty.Value{cty.StringVal("a")}), "count": cty.NumberIntVal(2),
		"latency_ms": cty.NumberIntVal(1), "truncated": cty.False,
	})
	contains(t, resultProblems(spec, &provider.Result{Value: value}, "503"), []string{
		"summary", "count is 2, items has 1", `expected one with "503"`,
	})
	contains(t, resultProblems(spec, &provider.Result{Value: cty.EmptyObjectVal, Summary: "x"}, ""), []string{"conform"})
	contains(t, resultProblems(spec, nil, ""), []string{"no result"})
}

func TestSteady(t *testing.T) {
	v := cty.ObjectVal(map[string]cty.Value{
		"at": cty.StringVal("now"),
		"pods": cty.ListVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{
			"name": cty.StringVal("a"), "age_seconds": cty.NumberIntVal(7)})}),
	})
	got := show(steady(v, []string{"at", "pods.age_seconds"}))
	want := show(cty.ObjectVal(map[string]cty.Value{
		"at": cty.NullVal(cty.DynamicPseudoType),
		"pods": cty.ListVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{
			"name": cty.StringVal("a"), "age_seconds": cty.NullVal(cty.DynamicPseudoType)})}),
	}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

type badConfig struct {
	Token string `rb:"api_token" doc:"Token."`
	Alias string `rb:"alias" doc:"Name."`
}

type badArgs struct {
	Timeout string `rb:"timeout" check:"nonsense" doc:"Too long"`
	Format  string `rb:"format" default:"xml" one_of:"json" doc:"Format."`
}

type badResult struct {
	Error    string `rb:"error" doc:"What went wrong."`
	Ready    int    `rb:"ready" doc:"How many."`
	SizeMB   int    `rb:"size_mb" doc:"Size."`
	BadName  string `rb:"BadName" doc:"Name."`
	UsedByes string `rb:"used_bytes" doc:"Used."`
	Count    int    `rb:"count" doc:"Of nothing."`
}

func TestDeclarationProblems(t *testing.T) {
	p := provider.New(provider.Setup[badConfig, int]{
		Name: "bad", Doc: "Breaks every rule.",
		Actions: []provider.Action{provider.Define(provider.Definition[int, badArgs, badResult]{
			Name: "worse_thing", Doc: "", AtMostOne: [][]string{{"format", "shape"}},
		})},
	})
	contains(t, declarationProblems(p), []string{
		"api_token must be sensitive", "bad alias: the name belongs", `"worse_thing" is not named`, "worse_thing: its doc",
		"argument timeout: the name belongs", "full stop", `"nonsense" that does not exist`, `default "xml"`,
		`no argument "shape"`, "result error: the name belongs", "ready is a number", "name it with _bytes",
		"snake case", "used_bytes is a string", "no list is declared",
	})
}

// contains expects that each wanted text is in a problem, and nothing is wrong where nothing is wanted.
func contains(t *testing.T, problems, want []string) {
	t.Helper()
	all := strings.Join(problems, "\n")
	if len(want) == 0 && len(problems) > 0 {
		t.Errorf("problems where none are expected:\n%s", all)
	}
	for _, w := range want {
		if !strings.Contains(all, w) {
			t.Errorf("no problem says %q:\n%s", w, all)
		}
	}
}
