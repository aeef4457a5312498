package provider

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/zclconf/go-cty/cty"
)

// Provider is a set of actions that share a configuration and a client. Make one with [New]; it is immutable and safe
// for concurrent use.
type Provider struct {
	// Name is the part of an action's name before the first underscore.
	Name string
	// Doc is one line for the catalogue.
	Doc string
	// Actions in the order of the documentation.
	Actions []Action
	// Checks are the static checks that arguments name in their `check` tag, beside the SDK's own (see [Check]).
	Checks map[string]Check
	// NeedsTarget is true where a write is refused unless a provider block names its target. Where ReadsUnnamed is false, a block that
	// doesn't is an error for reads too.
	NeedsTarget, ReadsUnnamed bool

	hostChecks map[string]HostCheck

	config  func() *Object
	unnamed func(config cty.Value) string
	open    func(ctx context.Context, req OpenRequest) (Client, error)
	place   func(req OpenRequest) (Place, error)
}

// Client is an open configuration of a provider: what [Setup.Open] returned.
type Client any

// Host is what the engine passes to a provider in place of the process's globals.
type Host struct {
	// Lookup reads an environment variable.
	Lookup func(name string) (string, bool)
	// Environ is the whole environment as "name=value", for child processes.
	Environ []string
	// HomeDir is the user's home folder, or empty.
	HomeDir string
	// Machine names the machine that runs the steps, or is empty.
	Machine string
	// Log is the diagnostic log; never nil.
	Log hclog.Logger
	// BlankCut is [Host.Cut]; nil where no secrets are known.
	BlankCut func(text string) string
}

// Cut gives a text whose end was left out because of a bound, without the beginning of a secret that the bound cut through:
// only whole secrets are found when a result is written. To be called before bytes that are not UTF-8 are replaced.
func (h Host) Cut(text string) string {
	if h.BlankCut == nil {
		return text
	}
	return h.BlankCut(text)
}

// Getenv is Lookup without the second result.
func (h Host) Getenv(name string) string {
	if h.Lookup == nil {
		return ""
	}
	v, _ := h.Lookup(name)
	return v
}

// OpenRequest asks for a client of one configuration.
type OpenRequest struct {
	Host
	// Config is an object of the provider's configuration type, wholly known; cty.NilVal where there is no block.
	Config cty.Value
	// Dir is the folder of the file that holds the provider block, or the runbook's: relative paths start there.
	Dir string
	// ReadOnly asks for a client that cannot change anything, whatever a step asks of it.
	ReadOnly bool
	// MaxParallel is how many steps may use the client at once; at least 1.
	MaxParallel int
}

// Open is an [OpenRequest] with the configuration decoded.
type Open[C any] struct {
	OpenRequest
	// Config is never nil; without a provider block it holds the defaults.
	Config *C
	// Explicit is true where a provider block configures it, false where it comes from the surroundings.
	Explicit bool
}

// Setup declares a provider with configuration struct C and client K.
type Setup[C, K any] struct {
	Name, Doc string
	// Open makes the client. It must not block on the network longer than ctx allows and may connect lazily. A client
	// that is an io.Closer is closed at the end of the run.
	Open func(ctx context.Context, req Open[C]) (K, error)
	// Target says in full where a configuration points ("db.example.com:5432/orders as app"), without credentials and without
	// touching the network. Nil where the actions' arguments decide.
	Target func(req Open[C]) (Place, error)
	Checks map[string]Check
	// HostChecks are those that need something of the host's, such as a folder for what can be made again.
	HostChecks map[string]HostCheck
	// Unnamed says what to set in a block that names no target, "set url or addresses"; empty: it names one, or may, as known() denies
	// what decides it. A write needs a block that does. Nil: the provider's writes need none.
	Unnamed func(config *C, known Known) string
	// ReadsUnnamed says that a block without a target reads what is found in the surroundings.
	ReadsUnnamed bool
	Actions      []Action
}

// New declares a provider. It panics when the declaration itself is wrong, which a test of the provider sees at once.
func New[C, K any](s Setup[C, K]) *Provider {
	p := &Provider{
		Name: s.Name, Doc: s.Doc, Actions: s.Actions, Checks: s.Checks, NeedsTarget: s.Unnamed != nil, ReadsUnnamed: s.ReadsUnnamed, hostChecks: s.HostChecks,
	}
	p.config = sync.OnceValue(func() *Object { return objectOf[C]() })
	p.unnamed = func(config cty.Value) string {
		decoded := new(C)
		known, err := p.config().decodeKnown(config, decoded)
		if err != nil || s.Unnamed == nil {
			return ""
		}
		return s.Unnamed(decoded, known)
	}
	decode := func(req OpenRequest) (Open[C], error) {
		typed := Open[C]{OpenRequest: req, Config: new(C), Explicit: req.Config != cty.NilVal}
		value := req.Config
		if !typed.Explicit {
			value = p.config().Null()
		}
		if err := p.config().Decode(value, typed.Config); err != nil {
			return typed, fmt.Errorf("configuration of provider %s: %w", s.Name, err)
		}
		return typed, nil
	}
	p.open = func(ctx context.Context, req OpenRequest) (Client, error) {
		typed, err := decode(req)
		if err != nil {
			return nil, err
		}
		return s.Open(ctx, typed)
	}
	p.place = func(req OpenRequest) (Place, error) {
		if s.Target == nil {
			return Place{}, nil
		}
		typed, err := decode(req)
		if err != nil {
			return Place{}, err
		}
		return s.Target(typed)
	}
	return p
}

// Config is the schema of the provider block's own attributes.
func (p *Provider) Config() *Object { return p.config() }

// Unnamed says what to set in a block for it to name its target, "set url or addresses"; empty: it names it, as far as its configuration,
// which may be partly unknown, tells.
func (p *Provider) Unnamed(config cty.Value) string { return p.unnamed(config) }

// WithoutTarget says why a write has no target, which needs one; who is what writes, for the start of a sentence, and block where the
// provider block is that names none; empty: there is none.
func (p *Provider) WithoutTarget(who, block string) string {
	set := p.unnamed(p.config().Null())
	if block == "" {
		return fmt.Sprintf("%s changes something, so it needs a provider %q block that says where; what is found in the surroundings is for reads.", who, p.Name)
	}
	return fmt.Sprintf("%s changes something, and the provider %q block at %s does not name its target: %s. What is found in the surroundings is for reads.",
		who, p.Name, block, set)
}

// Open makes a client. The caller closes it with [Close].
func (p *Provider) Open(ctx context.Context, req OpenRequest) (Client, error) {
	return p.open(ctx, req)
}

// Place is where a configuration points, or empty where the steps' arguments decide.
func (p *Provider) Place(req OpenRequest) (Place, error) { return p.place(req) }

// Target is what everybody may see of Place.
func (p *Provider) Target(req OpenRequest) (string, error) {
	place, err := p.place(req)
	return place.Shown(), err
}

// Action finds an action by its full name; nil where there is none.
func (p *Provider) Action(name string) Action {
	for _, a := range p.Actions {
		if a.Spec().Name == name {
			return a
		}
	}
	return nil
}

// Check finds a static check by the name in a `check` tag: the provider's own, else the SDK's; nil where there is none.
func (p *Provider) Check(host Host, name string) Check {
	if c, ok := p.hostChecks[name]; ok {
		return func(value string) error { return c(host, value) }
	}
	if c, ok := p.Checks[name]; ok {
		return c
	}
	return checks[name]
}

// Close closes a client that wants it.
func Close(c Client) error {
	if closer, ok := c.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
