package redis

import (
	"context"
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// config is the provider block. One of url and addresses must be set: a block names its target.
type config struct {
	URL       string   `rb:"url,sensitive" check:"redis_url" doc:"URL, \"redis://user:password@host:6379/0\", \"rediss://\" for TLS, \"unix:///path\" for a socket; the other attributes win over its parts."`
	Addresses []string `rb:"addresses" doc:"Hosts and ports: of the server, of the sentinels, or of some nodes of the cluster."`
	Username  string   `rb:"username" doc:"User of the access control list; the default user unless set."`
	Password  string   `rb:"password,sensitive" doc:"Password."`
	DB        int      `rb:"db" default:"0" doc:"Number of the database."`
	TLS       bool     `rb:"tls" default:"false" doc:"Whether to connect with TLS."`
	CAFile    string   `rb:"ca_file,file" doc:"PEM file of the authorities that are trusted; the system's unless set."`
	Mode      string   `rb:"mode" default:"single" one_of:"single,sentinel,cluster" doc:"What the addresses are."`

	MasterName       string `rb:"master_name" doc:"Name of the primary that the sentinels watch; required with mode sentinel."`
	SentinelPassword string `rb:"sentinel_password,sensitive" doc:"Password of the sentinels."`
}

// New declares the provider.
func New() *provider.Provider {
	quiet()
	return provider.New(provider.Setup[config, *client]{
		Name: "redis",
		Doc:  "Redis: health, statistics and commands.",
		Open: func(_ context.Context, req provider.Open[config]) (*client, error) {
			return open(req)
		},
		Target:  target,
		Unnamed: lacksTarget,
		Checks:  map[string]provider.Check{"redis_url": checkURL},
		Actions: []provider.Action{ping, info, query, command, slowlog},
	})
}

// target reads "cache.example.com:6379/0 as default".
func target(req provider.Open[config]) (provider.Place, error) {
	s, err := settingsOf(req)
	if err != nil {
		return provider.Place{}, err
	}
	user := s.options.Username
	if user == "" {
		user = "default"
	}
	return provider.System(fmt.Sprintf("%s as %s", s.target(), user)), nil
}

// target names the system, without the user.
func (s *settings) target() string {
	addresses := strings.Join(s.options.Addrs, ",")
	switch {
	case s.mode == "sentinel":
		return fmt.Sprintf("redis primary %s/%d of sentinels %s", s.options.MasterName, s.options.DB, addresses)
	case s.mode == "cluster":
		return "redis cluster " + addresses
	case strings.HasPrefix(addresses, "/"):
		return fmt.Sprintf("unix://%s?db=%d", addresses, s.options.DB)
	case s.options.TLSConfig != nil:
		return fmt.Sprintf("%s/%d over TLS", addresses, s.options.DB)
	}
	return fmt.Sprintf("%s/%d", addresses, s.options.DB)
}

// lacksTarget is what a block lacks without which it names no server.
func lacksTarget(c *config, known provider.Known) string {
	if c.URL != "" || len(c.Addresses) > 0 || !known("url") || !known("addresses") {
		return ""
	}
	return "set url or addresses (without a block, REDIS_URL says where to connect)"
}

// allKnown is true of the configuration of a run.
func allKnown(string) bool { return true }
