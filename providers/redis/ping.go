package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

type pingArgs struct{}

type pingResult struct {
	Response  string  `rb:"response" doc:"The server's answer: PONG."`
	LatencyMS float64 `rb:"latency_ms" doc:"Time to answer on an open connection."`
}

var ping = provider.Define(provider.Definition[*client, pingArgs, pingResult]{
	Name: "redis_ping", Doc: "Connects and sends PING.", Effect: provider.Read,
	Run: func(ctx context.Context, in *provider.In[*client, pingArgs]) (*pingResult, error) {
		value, took, err := in.Client.do(ctx, "ping", "ping")
		if err != nil {
			return nil, err
		}
		return &pingResult{Response: binarySafe(fmt.Sprint(value)), LatencyMS: milliseconds(took)}, nil
	},
	Summarize: func(r *pingResult) string { return fmt.Sprintf("%s in %.3g ms", r.Response, r.LatencyMS) },
})

// milliseconds keeps microseconds.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
