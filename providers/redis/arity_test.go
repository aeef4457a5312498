package redis

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

var update = flag.Bool("update", false, "write what the server says into fewest.txt")

// TestFewestWordsAreTheServers holds fewest.txt against what the server says of its commands.
func TestFewestWordsAreTheServers(t *testing.T) {
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
	var lines []string
	var look func(entry []any)
	look = func(entry []any) {
		const arity, subcommands = 1, 9
		n, ok := entry[arity].(int64)
		if !ok {
			t.Fatalf("%v", entry)
		}
		lines = append(lines, fmt.Sprintf("%s %d\n", strings.ReplaceAll(entry[0].(string), "|", " "), max(n, -n)))
		for _, sub := range list(entry, subcommands) {
			look(sub.([]any))
		}
	}
	for _, c := range commands {
		look(c.([]any))
	}
	slices.Sort(lines)
	says := strings.Join(lines, "")
	if *update {
		if err := os.WriteFile("fewest.txt", []byte(says), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if says != fewestText {
		t.Error("fewest.txt is not what the server says; write it anew with -update")
	}
}
