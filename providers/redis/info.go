package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

type infoArgs struct {
	Section string `rb:"section" doc:"One section of INFO, such as memory or stats; the rest of the result is null then. Unset: the server's default ones."`
}

type infoResult struct {
	Version          *string           `rb:"version" doc:"Version of the server."`
	Role             *string           `rb:"role" doc:"Role of the server: master or slave, as it says."`
	UptimeSeconds    *int64            `rb:"uptime_seconds" doc:"Time since its start."`
	ConnectedClients *int64            `rb:"connected_clients" doc:"Clients' connections."`
	UsedMemoryBytes  *int64            `rb:"used_memory_bytes" doc:"Memory that the data and the server take."`
	MaxMemoryBytes   *int64            `rb:"max_memory_bytes" doc:"Bound of the memory; 0: none."`
	MemoryPercent    *float64          `rb:"memory_percent" doc:"Used memory of the bound; null where there is no bound."`
	Hits             *int64            `rb:"hits" doc:"Lookups that found their key, since the last reset of the statistics."`
	Misses           *int64            `rb:"misses" doc:"Lookups that did not."`
	HitPercent       *float64          `rb:"hit_percent" doc:"Hits of all lookups; null where there was none."`
	EvictedKeys      *int64            `rb:"evicted_keys" doc:"Keys removed for want of memory."`
	Replicas         *int64            `rb:"replicas" doc:"Replicas that are connected."`
	Info             map[string]string `rb:"info" doc:"All that the server said, by \"section.key\": \"memory.used_memory_rss\"."`
}

var info = provider.Define(provider.Definition[*client, infoArgs, infoResult]{
	Name: "redis_info", Doc: "Reads the server's statistics.", Effect: provider.Read,
	Run:       runInfo,
	Summarize: infoSummary,
})

const infoOp = "read the statistics"

func runInfo(ctx context.Context, in *provider.In[*client, infoArgs]) (*infoResult, error) {
	args := []any{"info"}
	if in.Args.Section != "" {
		args = append(args, in.Args.Section)
	}
	value, _, err := in.Client.do(ctx, infoOp, args...)
	if err != nil {
		return nil, err
	}
	text, ok := value.(string)
	if !ok {
		return nil, in.Client.fail(infoOp, fmt.Errorf("the answer is not a text"))
	}
	entries := parseInfo(text)
	if len(entries) == 0 && in.Args.Section != "" {
		return nil, in.Client.refuse(infoOp, fmt.Errorf("the server has no section %q", in.Args.Section))
	}
	return infoOf(entries), nil
}

// parseInfo reads "# Section" headings and "key:value" lines.
func parseInfo(text string) map[string]string {
	entries, section := map[string]string{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if heading, ok := strings.CutPrefix(line, "#"); ok {
			section = strings.ToLower(strings.TrimSpace(heading)) + "."
			continue
		}
		if key, value, ok := strings.Cut(line, ":"); ok {
			entries[section+key] = binarySafe(value)
		}
	}
	return entries
}

func infoOf(entries map[string]string) *infoResult {
	text := func(key string) *string {
		if v, ok := entries[key]; ok {
			return &v
		}
		return nil
	}
	number := func(key string) *int64 {
		n, err := strconv.ParseInt(entries[key], 10, 64)
		if err != nil {
			return nil // a server that does not tell, or tells something else
		}
		return &n
	}
	r := &infoResult{
		Version: text("server.redis_version"), Role: text("replication.role"),
		UptimeSeconds: number("server.uptime_in_seconds"), ConnectedClients: number("clients.connected_clients"),
		UsedMemoryBytes: number("memory.used_memory"), MaxMemoryBytes: number("memory.maxmemory"),
		Hits: number("stats.keyspace_hits"), Misses: number("stats.keyspace_misses"),
		EvictedKeys: number("stats.evicted_keys"), Replicas: number("replication.connected_slaves"),
		Info: entries,
	}
	r.MemoryPercent = percent(r.UsedMemoryBytes, r.MaxMemoryBytes)
	if r.Hits != nil && r.Misses != nil {
		lookups := *r.Hits + *r.Misses
		r.HitPercent = percent(r.Hits, &lookups)
	}
	return r
}

// percent is nil where a part is not known or there is no whole.
func percent(part, whole *int64) *float64 {
	if part == nil || whole == nil || *whole == 0 {
		return nil
	}
	p := 100 * float64(*part) / float64(*whole)
	return &p
}

func infoSummary(r *infoResult) string {
	var parts []string
	if r.Version != nil {
		parts = append(parts, "Redis "+*r.Version)
	}
	if r.MemoryPercent != nil {
		parts = append(parts, fmt.Sprintf("%.3g%% of its memory", *r.MemoryPercent))
	}
	if r.HitPercent != nil {
		parts = append(parts, fmt.Sprintf("%.3g%% hits", *r.HitPercent))
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%d statistics", len(r.Info))
	}
	return strings.Join(parts, ", ")
}
