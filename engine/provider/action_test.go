package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

func do(ctx context.Context, given map[string]cty.Value) (*Result, error) {
	a := sample().Action("sample_do")
	return a.Run(ctx, &Call{Client: &sampleClient{}, Args: args(a.Spec().Args(), given)})
}

func TestRun(t *testing.T) {
	r, err := do(t.Context(), map[string]cty.Value{"name": cty.StringVal("it").Mark(Sensitive), "limit": cty.NumberIntVal(1)})
	if err != nil {
		t.Fatal(err)
	}
	if r.Summary != "did it" || r.Failure != nil || !r.Value.GetAttr("text").RawEquals(cty.StringVal("it")) {
		t.Errorf("got %+v", r)
	}
	if diff := cmp.Diff([]string{"set: true false"}, r.Warnings); diff != "" {
		t.Error(diff)
	}
	r, err = do(t.Context(), map[string]cty.Value{"name": cty.StringVal("bad")})
	if err != nil || r.Failure == nil || r.Failure.Message != "It is bad." {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestRunErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := do(ended, map[string]cty.Value{"name": cty.StringVal("it")}); !errors.Is(err, context.Canceled) || !NothingDone(err) {
		t.Errorf("with an ended context: %v", err)
	}
	if _, err := do(t.Context(), map[string]cty.Value{"name": cty.StringVal("nil")}); err == nil || !strings.Contains(err.Error(), "sample_do: result: the provider gave no result") {
		t.Errorf("no result: %v", err)
	}
	for want, given := range map[string]map[string]cty.Value{
		"name is required":                 {},
		"2 of name, any are set, expected": {"name": cty.StringVal("x"), "any": cty.True},
		"2 of format, other are set":       {"name": cty.StringVal("x"), "format": cty.StringVal("text"), "other": cty.StringVal("x")},
		"limit: 0.5 is not a whole number": {"name": cty.StringVal("x"), "limit": cty.NumberFloatVal(0.5)},
	} {
		_, err := do(t.Context(), given)
		if err == nil || !strings.Contains(err.Error(), want) || !Permanent(err) || !NothingDone(err) {
			t.Errorf("got %v, expected %q", err, want)
		}
	}
	a := sample().Action("sample_do")
	if _, err := a.Run(t.Context(), &Call{Client: 7}); err == nil || !strings.Contains(err.Error(), "client is a int") {
		t.Errorf("with another's client: %v", err)
	}
}

func TestClassifyAndTarget(t *testing.T) {
	p := sample()
	spec := p.Action("sample_do").Spec()
	for name, test := range map[string]struct {
		given  map[string]cty.Value
		effect Effect
		target string
	}{
		"known":           {map[string]cty.Value{"name": cty.StringVal("drop").Mark(Sensitive)}, Destructive, "(sensitive)"},
		"other":           {map[string]cty.Value{"name": cty.StringVal("x")}, Read, "x"},
		"unknown":         {map[string]cty.Value{"name": cty.UnknownVal(cty.String)}, Read, ""},
		"partly unknown":  {map[string]cty.Value{"name": cty.StringVal("drop"), "any": cty.DynamicVal}, Destructive, "drop"},
		"not to be read":  {map[string]cty.Value{"name": cty.StringVal("drop"), "wait": cty.StringVal("soon")}, Write, ""},
		"nothing missing": {map[string]cty.Value{}, Read, ""},
	} {
		given := args(spec.Args(), test.given)
		if got := spec.Classify(given); got != test.effect {
			t.Errorf("%s is %v, expected %v", name, got, test.effect)
		}
		if got := spec.Target(given); got != test.target {
			t.Errorf("the target of %s is %q, expected %q", name, got, test.target)
		}
	}
	if later := p.Action("sample_later").Spec(); later.Supported || later.Classify(cty.DynamicVal) != Write || later.Target(cty.DynamicVal) != "" {
		t.Errorf("an action without functions: %+v", later)
	}
	if got := spec.Classify(cty.UnknownVal(spec.Args().Type())); got != Read {
		t.Errorf("unknown as a whole is %v", got)
	}
}

func TestProvider(t *testing.T) {
	p := sample()
	if diff := cmp.Diff([]string{"url", "password"}, p.Config().Names()); diff != "" {
		t.Error(diff)
	}
	client, err := p.Open(t.Context(), OpenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got := client.(*sampleClient).config.URL; got != "http://localhost" {
		t.Errorf("without a block the URL is %q", got)
	}
	block := args(p.Config(), map[string]cty.Value{"url": cty.StringVal("http://x"), "password": cty.StringVal("p").Mark(Sensitive)})
	for want, value := range map[string]cty.Value{"http://localhost false": cty.NilVal, "http://x true": block} {
		if got, err := p.Target(OpenRequest{Config: value}); err != nil || got != want {
			t.Errorf("the target is %q, %v; expected %q", got, err, want)
		}
	}
	if err := Close(client); err == nil || !client.(*sampleClient).closed {
		t.Errorf("closing gave %v", err)
	}
	if err := Close(7); err != nil {
		t.Errorf("closing what needs none gave %v", err)
	}
	unknown := args(p.Config(), map[string]cty.Value{"url": cty.UnknownVal(cty.String)})
	if _, err := p.Open(t.Context(), OpenRequest{Config: unknown}); err == nil || !strings.Contains(err.Error(), "configuration of provider sample: url is not known yet") {
		t.Errorf("got %v", err)
	}
	if _, err := p.Target(OpenRequest{Config: unknown}); err == nil {
		t.Error("an unknown configuration has a target")
	}
	bare := New(Setup[struct{}, int]{Name: "bare", Open: func(context.Context, Open[struct{}]) (int, error) { return 1, nil }})
	if got, err := bare.Target(OpenRequest{}); got != "" || err != nil {
		t.Errorf("the target of a provider without one is %q, %v", got, err)
	}
}

func TestRegistry(t *testing.T) {
	p := sample()
	r := NewRegistry(p)
	if r.Provider("sample") != p || r.Provider("other") != nil || len(r.Providers()) != 1 {
		t.Error("the provider is not found")
	}
	for name, want := range map[string][2]bool{
		"sample_do": {true, true}, "sample_no": {true, false}, "other_do": {}, "sample": {true, false}, "": {},
	} {
		found, action := r.Action(name)
		if got := [2]bool{found != nil, action != nil}; got != want {
			t.Errorf("%q: %v, expected %v", name, got, want)
		}
	}
}

func TestHost(t *testing.T) {
	if got := (Host{}).Getenv("X"); got != "" {
		t.Errorf("got %q", got)
	}
	if got := (Host{Lookup: func(n string) (string, bool) { return n + "!", true }}).Getenv("X"); got != "X!" {
		t.Errorf("got %q", got)
	}
}

func TestError(t *testing.T) {
	cause := errors.New("connection refused")
	for want, e := range map[string]*Error{
		"connection refused":                        {Err: cause},
		"list pods: connection refused":             {Op: "list pods", Err: cause},
		"list pods: db:1: connection refused":       {Op: "list pods", Endpoint: "db:1", Err: cause},
		"db:1: connection refused. Is it up?":       {Endpoint: "db:1", Err: cause, Hint: "Is it up?"},
		"x: it is over. Start again.":               {Op: "x", Err: fmt.Errorf("it is over%s", "."), Hint: "Start again."},
		"run: refused: this run is read-only. Stop": {Op: "run", Err: ErrReadOnly, Hint: "Stop"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, expected %q", got, want)
		}
		if !errors.Is(e, e.Err) {
			t.Error("the cause is lost")
		}
	}
	wrapped := fmt.Errorf("step: %w", &Error{Err: cause, NothingDone: true, Permanent: true})
	if !NothingDone(wrapped) || !Permanent(wrapped) || NothingDone(cause) || Permanent(nil) {
		t.Error("what an error knows is lost")
	}
}

func TestEffect(t *testing.T) {
	for effect, name := range map[Effect]string{Read: "read", Write: "write", Destructive: "destructive"} {
		text, err := json.Marshal(effect)
		if err != nil || string(text) != `"`+name+`"` {
			t.Errorf("%v is %s, %v", effect, text, err)
		}
		var back Effect
		if err := json.Unmarshal(text, &back); err != nil || back != effect {
			t.Errorf("%s is %v, %v", text, back, err)
		}
	}
	if _, err := ParseEffect("writ"); err == nil || !strings.Contains(err.Error(), "read, write, destructive") {
		t.Errorf("got %v", err)
	}
	if err := new(Effect).UnmarshalText([]byte("x")); err == nil {
		t.Error("x is an effect")
	}
	if got := Effect(9).String(); got != "Effect(9)" {
		t.Error(got)
	}
	if got := fmt.Sprintf("%#v", Sensitive); got != "provider.sensitive" {
		t.Error(got)
	}
}

func TestChecks(t *testing.T) {
	p := New(Setup[struct{}, int]{Name: "bare"})
	for name, cases := range map[string]map[string]string{
		"regex": {"a+": "", "a(": "missing closing ): `a(`", "(?=x)": "not an RE2"},
		"url": {"https://a/b": "", "/path": "", "": "", "http://": "no host", "ftp://x": `scheme "ftp"`, "http://u:secret@[": "not a URL",
			"https://a/b c?d=e[f]|{g}'%20&h=a+b#i j": "", "/x?q=a secret": "urlencode", "/x?q=\"secret": "urlencode", "/x?q=secret\n": "urlencode", "/x\tsecret": "urlencode",
			"/x?q=<secret>": "urlencode", "/x?q=sécret": "urlencode", "/x?q=secret\xff": "urlencode", "/x#secret? ": ""},
		"address": {"a:1": "", "[::1]:443": "", "a": "write host and port", ":1": "write host", "a:": "write host", "a:0": "1 to 65535", "a:https": "1 to 65535"},
		"glob":    {"/a/**/*.x": "", "a[": "not a pattern"},
	} {
		check := p.Check(Host{}, name)
		for value, want := range cases {
			err := check(value)
			if (want == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("%s %q: %v, expected %q", name, value, err, want)
			}
		}
	}
	if p.Check(Host{}, "nonsense") != nil || sample().Check(Host{}, "regex")("a").Error() != "mine" {
		t.Error("a provider's own check does not win")
	}
	if (&PositionError{Message: "here"}).Error() != "here" {
		t.Error("the message is lost")
	}
}

func TestFixedEffect(t *testing.T) {
	type args struct {
		Method string `rb:"method" doc:"How."`
		Body   string `rb:"body" doc:"What."`
	}
	classify := func(a *args, known Known) Effect {
		if a.Method == "" && known("method") {
			return Read
		}
		return Destructive
	}
	named := Define(Definition[any, args, struct{}]{Name: "x_named", Effect: Write, Classify: classify, EffectArgs: []string{"method"}}).Spec()
	open := Define(Definition[any, args, struct{}]{Name: "x_open", Effect: Write, Classify: classify}).Spec()
	for name, c := range map[string]struct {
		spec    *Spec
		written string
		fixed   bool
	}{
		"another argument":       {named, "body", true},
		"the one that decides":   {named, "method", false},
		"not known which decide": {open, "body", false},
	} {
		effect, fixed := c.spec.FixedEffect(func(name string) bool { return name == c.written })
		if fixed != c.fixed || effect != Read {
			t.Errorf("%s: %s %v", name, effect, fixed)
		}
	}
}

// TestNotesFirst: an action that declares to note something before it changes anything and does not is found out.
func TestNotesFirst(t *testing.T) {
	type none struct{}
	notes := true
	action := Define(Definition[any, none, none]{
		Name: "x_noted", Effect: Write, NotesFirst: true, Summarize: func(*none) string { return "" },
		Run: func(_ context.Context, in *In[any, none]) (*none, error) {
			if notes {
				return &none{}, in.NoteOpen("it starts")
			}
			return &none{}, nil
		},
	})
	run := func(effect Effect) error {
		_, err := action.Run(t.Context(), &Call{Client: 1, Args: cty.EmptyObjectVal, Effect: effect})
		return err
	}
	if err := run(Write); err != nil {
		t.Error(err)
	}
	notes = false
	if err := run(Read); err != nil {
		t.Errorf("a read has nothing to note: %v", err)
	}
	if err := run(Write); err == nil || !strings.Contains(err.Error(), "keeps no note") {
		t.Errorf("got %v", err)
	}
}
