package providertest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/provider"
)

// outcome is what one call gave.
type outcome struct {
	result *provider.Result
	err    error
	took   time.Duration
	log    string
}

// call opens a client for the case, runs the action once and closes the client.
func (s *Suite) call(ctx context.Context, t *testing.T, c Case) outcome {
	t.Helper()
	action := s.Provider.Action(c.Action)
	args, err := object(action.Spec().Args(), c.Args)
	if err != nil {
		t.Fatalf("arguments of %s: %v", c.title(), err)
	}
	config := c.Config
	if config == nil {
		config = s.Config
	}
	block := cty.NilVal
	if config != nil {
		if block, err = object(s.Provider.Config(), config); err != nil {
			t.Fatalf("configuration of %s: %v", c.title(), err)
		}
	}
	effect := action.Spec().Classify(args)
	if c.Effect != nil {
		effect = *c.Effect
	}
	log := &logBuffer{}
	host := s.host(log)
	start := time.Now()
	client, err := s.Provider.Open(ctx, provider.OpenRequest{
		Host: host, Config: block, Dir: s.Dir, ReadOnly: c.ReadOnly, MaxParallel: 16,
	})
	if err != nil {
		return outcome{err: err, took: time.Since(start), log: log.String()}
	}
	t.Cleanup(func() {
		if err := provider.Close(client); err != nil {
			t.Errorf("close the client: %v", err)
		}
	})
	result, err := action.Run(ctx, &provider.Call{
		Client: client, Args: args, Effect: effect, ReadOnly: c.ReadOnly, Dir: s.Dir, Host: host, Answer: c.Answer,
	})
	return outcome{result: result, err: err, took: time.Since(start), log: log.String()}
}

func (s *Suite) host(log *logBuffer) provider.Host {
	host := s.Host
	if host.Lookup == nil {
		host.Lookup = func(string) (string, bool) { return "", false }
	}
	if host.Log == nil {
		host.Log = hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: log})
	}
	return host
}

// object makes a value of the schema's type from some of its attributes.
func object(schema *provider.Object, values Values) (cty.Value, error) {
	attrs := schema.Null().AsValueMap()
	if attrs == nil {
		attrs = map[string]cty.Value{}
	}
	for name, v := range values {
		a := schema.Attribute(name)
		if a == nil {
			return cty.NilVal, fmt.Errorf("no attribute %q; there are %v", name, schema.Names())
		}
		converted, err := convert.Convert(v, a.Type)
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", name, err)
		}
		attrs[name] = converted
	}
	return cty.ObjectVal(attrs), nil
}

// logBuffer collects what a provider logs from any goroutine.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
