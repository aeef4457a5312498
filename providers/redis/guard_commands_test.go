package redis

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// harm are categories of the access control list of which the guard lets nothing out but what is on its own list.
var harm = []any{"@write", "@admin", "@dangerous", "@scripting", "@pubsub", "@transaction", "@connection"}

// TestEveryCommandOfTheServer holds each command and subcommand that the server knows against the guard: what it lets out is a read by
// the server's flags and by its categories.
func TestEveryCommandOfTheServer(t *testing.T) {
	options, err := redis.ParseURL(pt.Lab(t, "REDIS_URL"))
	if err != nil {
		t.Fatal("REDIS_URL is no URL")
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() }) // the lab's server outlives it
	commands, err := client.Do(t.Context(), "COMMAND").Slice()
	if err != nil {
		t.Fatal(err)
	}
	g := newGuard(client, true)
	out := 0
	var look func(entry []any)
	look = func(entry []any) {
		const flags, categories, subcommands = 2, 6, 9
		for _, sub := range list(entry, subcommands) {
			if below, ok := sub.([]any); ok {
				look(below)
			}
		}
		name, _ := entry[0].(string)
		words := anys(strings.Split(name, "|"))
		err := g.permit(t.Context(), words)
		if _, refused := errors.AsType[*refusal](err); err != nil {
			if !refused || !errors.Is(err, provider.ErrReadOnly) {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
		out++
		if both, alone := names(words); reading[both] || reading[alone] {
			return
		}
		if !slices.Contains(list(entry, flags), any("readonly")) || slices.ContainsFunc(list(entry, categories), func(c any) bool { return slices.Contains(harm, c) }) {
			t.Errorf("%s is let out: flags %v, categories %v", name, list(entry, flags), list(entry, categories))
		}
	}
	for _, c := range commands {
		if entry, ok := c.([]any); ok {
			look(entry)
		}
	}
	if all := len(commands); all < 200 || out < 80 || out > all/2 {
		t.Errorf("%d of %d commands are let out", out, all)
	}
}
