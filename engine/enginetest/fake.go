package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// Fake is a provider named "fake". The test tells what its actions do; it counts what they did.
type Fake struct {
	mu     sync.Mutex
	calls  map[string]int
	active int
	most   int
	log    []string
	// earlier is what each call of fake_noted was told of an attempt before.
	earlier []string

	// Do is called for every action with the step's id and the number of the call, from 1, in place of a service. Nil:
	// the action gives its value.
	Do func(ctx context.Context, id string, n int) error
	// Lingers tells what still runs of a write; nil: nothing does.
	Lingers func(provider.Sent) (provider.Lingering, error)
	// Inquire tells what became of a write with an id; nil: nobody can tell.
	Inquire func(id string) (provider.State, string, error)
	// Says is what a call with an id gives as its value; nil, and where it is empty: the argument.
	Says func(id string) string
	// Notes says that a note of fake_noted tells the value of the result, Meant which of the results it only means to make.
	Notes bool
	Meant []string
	// Unchanged tells of which ids a call leaves everything as it was; nil: none does.
	Unchanged func(id string) bool
	// Machine is where actions act, as those of provider local do, unless the provider block has a name; empty: the block says where.
	Machine string
	// Opens is called before a client is made of the block with a name; nil: it is made at once.
	Opens func(ctx context.Context, name string) error
	// Previews is called for the dry run of an approval with the step's id; nil: there is none.
	Previews func(ctx context.Context, id string) error
}

// Calls is how often an action with this id was carried out.
func (f *Fake) Calls(id string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[id]
}

// Most is how many actions were under way at once at the most.
func (f *Fake) Most() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.most
}

// Log is the ids in the order in which their actions began.
func (f *Fake) Log() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.log...)
}

// Earlier is, for each call of fake_noted, the note of an attempt before that it was told of, or "".
func (f *Fake) Earlier() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.earlier...)
}

// hears keeps what an attempt before noted.
func (f *Fake) hears(sent *provider.Sent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	note := ""
	if sent != nil {
		note = string(sent.Note)
	}
	f.earlier = append(f.earlier, note)
}

type fakeConfig struct {
	Password string `rb:"password,sensitive" doc:"A secret of the configuration."`
	Name     string `rb:"name" doc:"What the target is called."`
	Within   string `rb:"within" doc:"A part of it that steps act on."`
	Tenant   string `rb:"tenant" doc:"Whose part of it that is, which is not shown."`
	Cert     string `rb:"cert,file" doc:"A file that nothing looks at."`
	AtOnce   int    `rb:"at_once,conduct" doc:"Nothing looks at it."`
}

type fakeArgs struct {
	ID    string    `rb:"id" doc:"Names the call."`
	Value cty.Value `rb:"value" doc:"What the result's value is."`
	At    string    `rb:"at,place" doc:"Where it acts."`
	Words []string  `rb:"words,filled" doc:"Nothing looks at them."`
	Seen  []string  `rb:"seen" public:"everyone can read it; hand it over as words" doc:"Nothing looks at them, and everybody sees them."`
	Level int       `rb:"level" default:"1" doc:"Nothing looks at it."`
}

type fakeResult struct {
	Value cty.Value `rb:"value" doc:"The argument, after how many calls."`
	Call  int       `rb:"call" doc:"The number of the call, from 1."`
	Items []item    `rb:"items" doc:"Two of them."`
	Token string    `rb:"token,sensitive" doc:"A secret result."`
	Count int       `rb:"count" doc:"Length of items."`

	unchanged, unclear bool
}

type item struct {
	Name  string `rb:"name" doc:"A name."`
	Ready bool   `rb:"ready" doc:"Whether it is ready."`
}

type askArgs struct {
	Prompt    string `rb:"prompt,required" doc:"What is asked."`
	OnTimeout string `rb:"on_timeout" doc:"What happens when nobody answers."`
	Sensitive bool   `rb:"sensitive" doc:"Nobody may see the answer."`
}

type askResult struct {
	Answer bool   `rb:"answer" doc:"What was said."`
	By     string `rb:"by" doc:"Who said it."`
	Note   string `rb:"note" doc:"What else they said."`
}

type client struct{ fake *Fake }

// SecretToken is the sensitive result of every fake action.
const SecretToken = "tok-5ecret-result"

func (f *Fake) call(ctx context.Context, id string) (int, error) {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[id]++
	n := f.calls[id]
	f.log = append(f.log, id)
	f.active++
	f.most = max(f.most, f.active)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.active--
		f.mu.Unlock()
	}()
	if f.Do == nil {
		return n, nil
	}
	return n, f.Do(ctx, id, n)
}

// ErrUnreachable is an error like a service's that is not there: nothing was done.
func ErrUnreachable() error {
	return &provider.Error{Op: "call", Endpoint: "fake:1", Err: errors.New("connection refused"), NothingDone: true}
}

// ErrUnreadable is an error of an action that took place and gave a result, of which something can't be read.
var ErrUnreadable = &provider.Error{Op: "read the answer", Err: errors.New("it is not JSON"), Partial: true}

// ErrUnclear has the action end with a result that does not tell whether it took place: its expectation does not hold.
var ErrUnclear = errors.New("status 504")

// Until returns when the context ends or the channel is closed.
func Until(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("call fake:1: %w", ctx.Err())
	case <-done:
		return nil
	}
}

// Provider declares the fake: fake_read, fake_write, fake_noted, fake_destroy and fake_told, which take id and value, and fake_later,
// which is declared but not supported. fake_noted is a write that keeps a note first; fake_destroy expects nothing of its result;
// fake_told does what its id begins with, "read", "write" or "destructive".
func (f *Fake) Provider() *provider.Provider {
	later := provider.Define(provider.Definition[client, fakeArgs, fakeResult]{Name: "fake_later", Doc: "Comes later.", Effect: provider.Write})
	return provider.New(provider.Setup[fakeConfig, client]{
		Name: "fake", Doc: "A provider for tests.",
		Open: func(ctx context.Context, req provider.Open[fakeConfig]) (client, error) {
			if f.Opens == nil {
				return client{f}, nil
			}
			return client{f}, f.Opens(ctx, req.Config.Name)
		},
		Target: func(req provider.Open[fakeConfig]) (provider.Place, error) {
			if f.Machine != "" && req.Config.Name == "" {
				return provider.Place{Text: f.Machine, Here: true}, nil
			}
			system := "fake://" + req.Config.Name
			within := ""
			if req.Config.Within != "" {
				within = "/" + req.Config.Within
			}
			place := provider.Place{Text: system + within, Short: system, Hidden: req.Sensitive("within")}
			if req.Config.Tenant != "" {
				place.Within = "tenant: " + req.Config.Tenant
			}
			return place, nil
		},
		Actions: []provider.Action{
			f.action("fake_read", provider.Read), f.action("fake_write", provider.Write), f.action("fake_noted", provider.Write),
			f.action("fake_destroy", provider.Destructive), f.action("fake_scale", provider.Destructive),
			f.action("fake_told", provider.Destructive), later, ask(),
		},
	})
}

func (f *Fake) action(name string, effect provider.Effect) provider.Action {
	d := provider.Definition[client, fakeArgs, fakeResult]{
		Name: name, Doc: "Does as the test says.", Effect: effect, Lingers: f.Lingers, Preview: f.preview(), Run: runFake, Expect: tells, Inquire: inquire,
		Summarize:      func(r *fakeResult) string { return fmt.Sprintf("call %d", r.Call) },
		ChangedNothing: func(r *fakeResult) bool { return r.unchanged },
	}
	switch name {
	case "fake_noted":
		d.Run, d.NotesFirst, d.Noted = runNoted, true, f.noted
	case "fake_destroy":
		d.Expect = nil
	case "fake_scale": // destructive where its id is "zero"
		d.EffectArgs = []string{"id"}
		d.Classify = func(a *fakeArgs, known provider.Known) provider.Effect {
			if !known("id") || a.ID == "zero" {
				return provider.Destructive
			}
			return provider.Write
		}
	case "fake_told":
		d.Classify, d.EffectArgs = told, []string{"id"}
	}
	return provider.Define(d)
}

func told(args *fakeArgs, known provider.Known) provider.Effect {
	if !known("id") {
		return provider.Destructive
	}
	first, _, _ := strings.Cut(args.ID, " ")
	effect, _ := provider.ParseEffect(first)
	return effect
}

func runFake(ctx context.Context, in *provider.In[client, fakeArgs]) (*fakeResult, error) {
	n, err := in.Client.fake.call(ctx, in.Args.ID)
	result := in.Client.fake.result(in.Args, n)
	switch {
	case errors.Is(err, ErrUnclear):
		result.unclear = true
		return result, nil
	case err != nil && !errors.Is(err, ErrUnreadable):
		return nil, err
	}
	return result, err
}

// runNoted is runFake, with a note before it.
func runNoted(ctx context.Context, in *provider.In[client, fakeArgs]) (*fakeResult, error) {
	f := in.Client.fake
	f.hears(in.Earlier)
	if err := in.Note(fmt.Sprintf("%s %d", in.Args.ID, f.Calls(in.Args.ID)+1)); err != nil {
		return nil, err
	}
	return runFake(ctx, in)
}

func (f *Fake) noted(note json.RawMessage) (*provider.Noted[fakeResult], error) {
	if !f.Notes {
		return nil, nil
	}
	var text string
	err := json.Unmarshal(note, &text)
	id, _, _ := strings.Cut(text, " ")
	return &provider.Noted[fakeResult]{
		Result: &fakeResult{Value: cty.StringVal(text)}, Known: []string{"value"}, Meant: f.Meant, Idle: f.Unchanged != nil && f.Unchanged(id),
	}, err
}

func inquire(_ context.Context, in *provider.In[client, fakeArgs], _ provider.Sent) (*provider.Finding[fakeResult], error) {
	f := in.Client.fake
	if f.Inquire == nil {
		return &provider.Finding[fakeResult]{}, nil
	}
	state, why, err := f.Inquire(in.Args.ID)
	found := &provider.Finding[fakeResult]{State: state, Why: why}
	if f.Unchanged != nil {
		found.Result = f.result(in.Args, f.Calls(in.Args.ID))
	}
	return found, err
}

func ask() provider.Action {
	return provider.Define(provider.Definition[client, askArgs, askResult]{
		Name: "fake_ask", Doc: "Asks a person.", Effect: provider.Read,
		Ask: func(args *askArgs) (*provider.Question, error) {
			return &provider.Question{
				Kind: "confirm", Prompt: args.Prompt, OnTimeout: args.OnTimeout, TimeoutAnswer: json.RawMessage("true"), Sensitive: args.Sensitive,
			}, nil
		},
		Run: func(_ context.Context, in *provider.In[client, askArgs]) (*askResult, error) {
			return &askResult{Answer: string(in.Answer.Value) == "true", By: in.Answer.By, Note: in.Answer.Note}, nil
		},
		Summarize: func(r *askResult) string { return fmt.Sprintf("%v by %s", r.Answer, r.By) },
		Expect: func(_ *askArgs, r *askResult) *provider.Failure {
			if r.Answer {
				return nil
			}
			return &provider.Failure{Message: r.By + " said no"}
		},
	})
}

// tells is what an action expects of its result.
func tells(_ *fakeArgs, r *fakeResult) *provider.Failure {
	if !r.unclear {
		return nil
	}
	return &provider.Failure{Message: ErrUnclear.Error() + " from fake:1", InDoubt: true}
}

// result is what the n-th call gives.
func (f *Fake) result(args *fakeArgs, n int) *fakeResult {
	value := args.Value
	if f.Says != nil {
		if said := f.Says(args.ID); said != "" {
			value = cty.StringVal(said)
		}
	}
	return &fakeResult{
		Value: value, Call: n, Items: []item{{"a", true}, {"b", false}}, Count: 2, Token: SecretToken,
		unchanged: f.Unchanged != nil && f.Unchanged(args.ID),
	}
}

func (f *Fake) preview() func(context.Context, *provider.In[client, fakeArgs]) ([]provider.Change, error) {
	if f.Previews == nil {
		return nil
	}
	return func(ctx context.Context, in *provider.In[client, fakeArgs]) ([]provider.Change, error) {
		return nil, f.Previews(ctx, in.Args.ID)
	}
}

// deadline bounds every run of a test: a run that hangs fails there, with what it had told.
const deadline = 2 * time.Minute
