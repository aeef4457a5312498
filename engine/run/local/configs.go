package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// Configs are the provider configurations of a run, each with its client, made on first use. Safe for concurrent use.
type Configs struct {
	rb       *lang.Runbook
	scope    *lang.Scope
	host     provider.Host
	readOnly bool
	parallel int
	secrets  SecretSink
	// Foresee is set for a plan that may not know everything yet: see [NotForeseen].
	Foresee bool
	// Redact blanks secrets in a key of the instances of a block; nil: none are known. Root is the run's own runbook.
	Redact func([]byte) []byte
	Root   *lang.Runbook

	mu   sync.Mutex
	open map[string]*config
}

// NewConfigs makes the configurations of a runbook; nothing is opened yet. parallel is how many steps run at once; secrets
// is told those of configurations and may be nil.
func NewConfigs(rb *lang.Runbook, scope *lang.Scope, host provider.Host, readOnly bool, parallel int, secrets SecretSink) *Configs {
	return &Configs{
		rb: rb, scope: scope, host: host, readOnly: readOnly, parallel: parallel, secrets: secrets, open: map[string]*config{},
	}
}

// config is one configuration.
type config struct {
	address string
	// key is that of the block, where it has for_each.
	block   *lang.ProviderConfig
	key     string
	schema  *provider.Provider
	request provider.OpenRequest
	// place is the provider block or, without one, the first step that needs it.
	place hcl.Range
	// target is worked out once: it may have to read files.
	target func() (provider.Place, error)

	// making is held by whoever makes the client, or takes it away.
	making chan struct{}
	client provider.Client
}

// block is the provider block that a step uses; nil where there is none.
func (c *Configs) block(s *lang.Step) *lang.ProviderConfig { return c.rb.ConfigOf(s) }

// Explicit reports whether a provider block names the step's target.
func (c *Configs) Explicit(s *lang.Step) bool { return c.block(s) != nil }

// WithoutTarget says that what a step does, if it writes, has no target that a provider block names; empty: it has one, needs none, or only
// the run can tell. Who is what writes, for the start of a sentence.
func (c *Configs) WithoutTarget(s *lang.Step, local lang.Frame, who string) string {
	switch {
	case s.Provider == nil || !s.Provider.NeedsTarget:
		return ""
	case c.block(s) == nil:
		return s.Provider.WithoutTarget(who, "")
	}
	chosen, diags := c.choose(s, local)
	if diags.HasErrors() {
		return "" // told elsewhere
	}
	return chosen.withoutTarget(who)
}

func (c *config) withoutTarget(who string) string {
	if c.block == nil || c.request.Config == cty.NilVal || c.schema.Unnamed(c.request.Config) == "" {
		return ""
	}
	return c.schema.WithoutTarget(who, c.block.Place())
}

// addressOf is the address of a step's configuration, without the key of one with for_each.
func addressOf(s *lang.Step) string {
	if s.ProviderRef != nil && s.ProviderRef.Alias != "" {
		return s.Provider.Name + "." + s.ProviderRef.Alias
	}
	return s.Provider.Name
}

// called is the address of a step's configuration, also of one of which the key is gone; empty: it can't be told.
func (c *Configs) called(s *lang.Step, local lang.Frame) string {
	if block := c.block(s); block == nil || block.ForEach == nil {
		return addressOf(s)
	}
	if s.ProviderRef == nil || s.ProviderRef.Key == nil {
		return ""
	}
	key, diags := c.askedKey(s, local)
	if diags.HasErrors() {
		return ""
	}
	return run.Address(addressOf(s), key, true)
}

// choose finds the configuration of a step or an instance.
func (c *Configs) choose(s *lang.Step, local lang.Frame) (*config, hcl.Diagnostics) {
	block, address := c.block(s), addressOf(s)
	configLocal, key := lang.Frame{}, ""
	if block != nil && block.ForEach != nil {
		var diags hcl.Diagnostics
		if key, configLocal, diags = c.key(s, block, local); diags.HasErrors() {
			return nil, diags
		}
		address = run.Address(address, key, true)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.open[address]; known != nil {
		return known, nil
	}
	made, diags := c.make(address, s, block, configLocal)
	if diags.HasErrors() {
		return nil, diags
	}
	made.block, made.key = block, key
	if diags := c.secretKey(made); diags.HasErrors() {
		return nil, diags
	}
	c.open[address] = made
	return made, diags
}

func (c *Configs) make(address string, s *lang.Step, block *lang.ProviderConfig, local lang.Frame) (*config, hcl.Diagnostics) {
	place := s.ActionRange
	request := provider.OpenRequest{Host: c.host, Dir: c.rb.Dir, ReadOnly: c.readOnly, MaxParallel: max(c.parallel, 1)}
	target := func() (provider.Place, error) { return s.Provider.Place(request) }
	if block != nil {
		request.Dir, place = block.Dir, block.Range
		value, diags := object(c.scope, s.Provider.Config(), block.Config, local, c.secrets)
		if diags.HasErrors() {
			if !c.Foresee || !NotForeseen(diags) {
				return nil, diags
			}
			foreseen, known, ok := c.foreseen(s.Provider, block, local, request)
			if !ok {
				return nil, diags
			}
			target, value = foreseen, known // of a plan, which opens nothing
		}
		request.Config = value
		if block.MaxParallel > 0 {
			request.MaxParallel = min(request.MaxParallel, block.MaxParallel)
		}
	}
	return &config{
		address: address, schema: s.Provider, request: request, place: place,
		target: sync.OnceValues(target), making: make(chan struct{}, 1),
	}, nil
}

// key finds which instance of a provider block with for_each a step uses.
func (c *Configs) key(s *lang.Step, block *lang.ProviderConfig, local lang.Frame) (string, lang.Frame, hcl.Diagnostics) {
	all, diags := c.scope.Instances(block.ForEach, lang.Frame{})
	if diags.HasErrors() {
		return "", lang.Frame{}, diags
	}
	if !all.Value.IsWhollyKnown() {
		return "", lang.Frame{}, notKnown("for_each of provider "+s.Provider.Name, "it is not known", block.ForEach.Range())
	}
	keys, instances, problem := forEach(all)
	if problem != "" {
		return "", lang.Frame{}, diagnostic("for_each of provider "+s.Provider.Name, problem, block.ForEach.Range())
	}
	if s.ProviderRef == nil || s.ProviderRef.Key == nil {
		return "", lang.Frame{}, diagnostic("The provider has several configurations",
			fmt.Sprintf("Choose one with provider = provider.%s[\"key\"]; the keys are %q.", s.Provider.Name, keys), s.Range)
	}
	k, diags := c.askedKey(s, local)
	if diags.HasErrors() {
		return "", lang.Frame{}, diags
	}
	at := slices.Index(keys, k)
	if at < 0 {
		lacks := diagnostic("There is no such configuration",
			fmt.Sprintf("provider.%s has no key %q; its keys are %q.", s.Provider.Name, k, keys), s.ProviderRef.Range)
		lacks[0].Extra = noSuchKey{}
		return "", lang.Frame{}, lacks
	}
	return keys[at], instances[at], nil
}

// askedKey is the key that a step asks for of its provider block with for_each, which the block may not have.
func (c *Configs) askedKey(s *lang.Step, local lang.Frame) (string, hcl.Diagnostics) {
	k, diags := c.scope.Value(s.ProviderRef.Key, local)
	if diags.HasErrors() {
		return "", diags
	}
	k, _ = k.Unmark()
	if !k.IsKnown() {
		return "", notKnown("The provider's key is not known", s.ProviderRef.Key.Source, s.ProviderRef.Range)
	}
	if k.IsNull() || k.Type() != cty.String {
		return "", diagnostic("The provider's key is not a string", s.ProviderRef.Key.Source, s.ProviderRef.Range)
	}
	return k.AsString(), nil
}

// same reports whether a step surely goes through a configuration by which it sees what it saw through another: on the same place, with the same
// settings. Neither credentials nor certificates count, as little as what is conduct.
func (c *Configs) same(s *lang.Step, local lang.Frame, before *Configs, was *lang.Step, then lang.Frame) bool {
	now, diags := c.choose(s, local)
	had, more := before.choose(was, then)
	if diags.HasErrors() || more.HasErrors() || now.request.Config == cty.NilVal || had.request.Config == cty.NilVal || now.schema != had.schema {
		return false
	}
	at, err := now.target()
	if place, lost := had.target(); err != nil || lost != nil || at != place {
		return false
	}
	return !slices.ContainsFunc(now.schema.Config().Attributes, func(a provider.Attribute) bool {
		return !a.Conduct && !a.File && !sameSetting(&a, had.request.Config.GetAttr(a.Name), now.request.Config.GetAttr(a.Name))
	})
}

// sameSetting compares a setting, but for the secrets in it: of a URL, such as a proxy's, where it leads.
func sameSetting(a *provider.Attribute, was, now cty.Value) bool {
	if !a.Sensitive {
		return sameValue(was, now)
	}
	return sameValue(withoutSecrets(a, was), withoutSecrets(a, now))
}

// withoutSecrets is what of a sensitive setting is no secret itself: of a map the other elements, of an object the other fields, of a URL its host. Of
// anything else that is nothing.
func withoutSecrets(a *provider.Attribute, v cty.Value) cty.Value {
	v, _ = v.Unmark()
	out := map[string]cty.Value{}
	switch {
	case v.IsNull():
	case v.Type() == cty.String:
		if at, err := url.Parse(v.AsString()); err == nil && at.Host != "" {
			out["host"] = cty.StringVal(at.Scheme + "://" + at.Host)
		}
	case v.Type().IsMapType(), v.Type().IsObjectType():
		out = v.AsValueMap()
	}
	maps.DeleteFunc(out, func(name string, v cty.Value) bool {
		field := (*provider.Attribute)(nil)
		if a.Fields != nil {
			field = a.Fields.Attribute(name)
		}
		return v.IsMarked() || field != nil && field.Sensitive
	})
	return cty.ObjectVal(out)
}

// noSuchKey marks the error about a key that the for_each of a provider block does not give.
type noSuchKey struct{}

// lacksKey reports whether a step goes through a configuration of a provider block with for_each that is not there any more.
func (c *Configs) lacksKey(s *lang.Step, local lang.Frame) bool {
	if s.Provider == nil || c.block(s) == nil {
		return false
	}
	_, diags := c.choose(s, local)
	return slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool { return d.Extra == noSuchKey{} })
}

// secretKey refuses the configuration of a key in which there is a secret of the run, for addresses show it everywhere. What the files say
// in the open, and what is made of the run's own variables alone, is none.
func (c *Configs) secretKey(one *config) hcl.Diagnostics {
	if c.Redact == nil || one.block == nil || one.block.ForEach == nil || string(c.Redact([]byte(one.key))) == one.key {
		return nil
	}
	around := c.rb.Surroundings(one.block.ForEach)
	if !around.Environment && !around.Files && (!around.Variables || c.rb == c.Root) {
		return nil
	}
	for _, file := range c.Root.Sources {
		if bytes.Contains(file.Bytes, []byte(one.key)) {
			return nil
		}
	}
	return diagnostic("for_each of provider "+one.schema.Name, "A key of provider "+one.schema.Name+" holds what is a secret of the run too, and would show it; "+
		"give the configurations other keys, as in { for i, x in [ … ] : tostring(i) => x }.", one.block.ForEach.Range())
}

// SecretKeys are the errors of the configurations so far whose keys hold a secret that was read since.
func (c *Configs) SecretKeys() (diags hcl.Diagnostics) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, address := range slices.Sorted(maps.Keys(c.open)) {
		diags = append(diags, c.secretKey(c.open[address])...)
	}
	return diags
}

// Target names the system that a step's configuration points at and the configuration's address.
func (c *Configs) Target(s *lang.Step, local lang.Frame) (run.Target, hcl.Diagnostics) {
	chosen, diags := c.choose(s, local)
	if diags.HasErrors() {
		return run.Target{}, diags
	}
	at, err := chosen.target()
	if errors.Is(err, errNotForeseen) {
		return run.Target{}, notKnown("The provider's configuration is not known", err.Error(), chosen.place)
	}
	if err != nil {
		return run.Target{}, diagnostic("The provider's configuration can't be used", err.Error(), chosen.place)
	}
	place := at.Text
	if at.Within != "" {
		place += "\n" + at.Within
	}
	return run.Target{Provider: chosen.address, Target: at.Shown(), Place: place, Short: at.System(), Here: at.Here, Unsaid: at.Unsaid}, nil
}

// open gives the configuration's client. A failure is not kept: the next attempt tries anew.
func (c *config) open(ctx context.Context) (provider.Client, error) {
	if !c.take() {
		since := time.Now()
		select {
		case c.making <- struct{}{}:
		case <-ctx.Done():
			return nil, c.stillMade(time.Since(since))
		}
	}
	defer func() { <-c.making }()
	if c.client != nil {
		return c.client, nil
	}
	client, err := c.schema.Open(ctx, c.request)
	if err != nil {
		return nil, err
	}
	c.client = client
	return client, nil
}

// take reports whether nobody else makes the client, and nobody does then until it is given back.
func (c *config) take() bool {
	select {
	case c.making <- struct{}{}:
		return true
	default:
		return false
	}
}

// stillMade is the error of a step that waited for the client until its time was over.
func (c *config) stillMade(waited time.Duration) error {
	e := &provider.Error{
		Op: "wait for the client of provider." + c.address, Err: fmt.Errorf("after %s another step was still making it", waited.Round(time.Millisecond)),
		Hint: "Look at that step, and raise the timeout of this one where making it takes so long.", NothingDone: true,
	}
	if at, err := c.target(); err == nil {
		e.Endpoint = at.Shown()
	}
	return e
}

// Close closes the clients; what needs one later opens it anew.
func (c *Configs) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, one := range c.open {
		if !one.take() {
			continue // it is being opened by a step that was left behind
		}
		if one.client != nil {
			errs = append(errs, provider.Close(one.client))
			one.client = nil
		}
		<-one.making
	}
	return errors.Join(errs...)
}

func diagnostic(summary, detail string, at hcl.Range) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}}
}
