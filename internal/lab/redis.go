package lab

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/redis/go-redis/v9"
)

//go:embed config/redis.conf
var redisConfig string

// redisUp runs a password-protected server with some keys, and a user who may do nothing but PING.
func (l *Lab) redisUp(ctx context.Context) (outcome, error) {
	server, err := find("redis-server")
	if err != nil {
		return outcome{}, err
	}
	config := l.path("data", "redis", "redis.conf")
	content := fmt.Sprintf("%s\nport %s\ndir %q\nuser default on >%s ~* &* +@all\nuser limited on >%s +ping\n",
		redisConfig, l.port("redis"), l.path("data", "redis"), l.state.Secrets["redis"], l.state.Secrets["redis-limited"])
	if err := writeFile(config, []byte(content), 0o600); err != nil {
		return outcome{}, fmt.Errorf("write the server's configuration: %w", err)
	}
	started, err := l.ensure(ctx, command{name: "redis", path: server, args: []string{config}, inputs: []string{config}})
	if err != nil {
		return outcome{}, err
	}
	client := redis.NewClient(&redis.Options{Addr: l.address("redis"), Password: l.state.Secrets["redis"]})
	defer func() { _ = client.Close() }()
	err = l.await(ctx, func(ctx context.Context) error { return redisSeed(ctx, client) }, "redis")
	return outcome{started: started, detail: l.address("redis")}, err
}

// redisSeed writes the keys that a warm cache would have, and reads some, for the hit rate.
func redisSeed(ctx context.Context, client *redis.Client) error {
	pipeline := client.Pipeline()
	for n := range 200 {
		pipeline.SetNX(ctx, fmt.Sprintf("session:%03d", n), "active", 0)
		pipeline.Get(ctx, fmt.Sprintf("session:%03d", n))
	}
	pipeline.HSet(ctx, "config:features", "search", "on", "beta", "off")
	_, err := pipeline.Exec(ctx)
	return err
}
