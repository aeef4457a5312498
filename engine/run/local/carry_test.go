package local

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// odd is an action that does what an action must not do.
func odd(run func() error) provider.Action {
	type none struct{}
	return provider.Define(provider.Definition[any, none, none]{
		Name: "odd_one",
		Run: func(context.Context, *provider.In[any, none]) (*none, error) {
			return &none{}, run()
		},
		Summarize: func(*none) string { return "done" },
	})
}

func TestCarry(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	for name, c := range map[string]struct {
		grace time.Duration
		run   func(ctx context.Context, cancel context.CancelFunc) error
		want  string
	}{
		"panics": {time.Hour, func(context.Context, context.CancelFunc) error { panic("index out of range") }, "odd_one broke: index out of range"},
		"is deaf": {time.Millisecond, func(_ context.Context, cancel context.CancelFunc) error {
			cancel()
			<-forever
			return nil
		}, "left behind: context canceled"},
		"takes a moment": {time.Hour, func(ctx context.Context, cancel context.CancelFunc) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}, "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			call := &provider.Call{Client: 1, Args: cty.EmptyObjectVal, Host: provider.Host{Log: hclog.NewNullLogger()}}
			_, err := carry(ctx, odd(func() error { return c.run(ctx, cancel) }), call, c.grace)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
