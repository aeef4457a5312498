package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/trust"
)

const (
	defaultURL = "redis://127.0.0.1:6379/0"
	urlExample = "write one like \"redis://user@cache.example.com:6379/0\""
	// dialTimeout bounds a connection attempt where the step has no timeout.
	dialTimeout = 30 * time.Second
)

// settings are where and how to connect.
type settings struct {
	mode    string
	options *redis.UniversalOptions
}

// silent drops what go-redis writes to standard error: its errors reach the step anyway.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// quiet installs it. The library has one logger for the whole process and offers no other way.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silent{}) })

// checkURL is the static check of a constant URL. Its errors never repeat the text, which may hold a password.
func checkURL(text string) error {
	_, err := parseURL(text)
	return err
}

func parseURL(text string) (*redis.Options, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("not a Redis URL; %s (in a user name or password, write a : as %%3A, an @ as %%40 and a / as %%2F)", urlExample)
	}
	switch u.Scheme {
	case "redis", "rediss", "unix":
	default:
		return nil, fmt.Errorf("not a Redis URL: it does not start with redis://, rediss:// or unix://; %s", urlExample)
	}
	if u.Scheme != "unix" && u.Host == "" {
		return nil, fmt.Errorf("there is no host in the Redis URL; %s", urlExample)
	}
	options, err := redis.ParseURL(text)
	if err != nil {
		return nil, fmt.Errorf("not a Redis URL: its path must be the number of a database and its parameters those of go-redis; %s", urlExample)
	}
	return options, nil
}

// settingsOf reads the provider block, or REDIS_URL where there is none. It touches no network.
func settingsOf(req provider.Open[config]) (*settings, error) {
	c := req.Config
	s := &settings{mode: c.Mode, options: common(req)}
	text := c.URL
	if !req.Explicit {
		if text = req.Getenv("REDIS_URL"); text == "" {
			text = defaultURL
		}
	} else if lacks := lacksTarget(c, allKnown); lacks != "" {
		return nil, errors.New("the provider block names no server: " + lacks)
	}
	if text != "" {
		if err := s.fromURL(text); err != nil {
			return nil, err
		}
	}
	if err := s.fromBlock(c); err != nil {
		return nil, err
	}
	if c.TLS || c.CAFile != "" {
		if err := s.useTLS(c.CAFile, req.Dir); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// common are the options that don't depend on the target. Everything that go-redis would say on a new connection
// beyond HELLO is off: each would cost a round trip.
func common(req provider.Open[config]) *redis.UniversalOptions {
	size := max(1, req.MaxParallel)
	return &redis.UniversalOptions{
		Protocol:                 3,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		ContextTimeoutEnabled:    true,
		// The step's timeout bounds reads and writes, the engine repeats what is to be repeated.
		ReadTimeout: -1, WriteTimeout: -1, MaxRetries: -1,
		DialTimeout: dialTimeout, DialerRetries: 1,
		PoolSize: size, MaxActiveConns: size, PipelinePoolSize: -1, PoolTimeout: time.Hour,
		OnConnect: noteConnected,
	}
}

func (s *settings) fromURL(text string) error {
	parsed, err := parseURL(text)
	if err != nil {
		return fmt.Errorf("url: %w", err)
	}
	o := s.options
	o.Addrs, o.Username, o.Password, o.DB, o.TLSConfig = []string{parsed.Addr}, parsed.Username, parsed.Password, parsed.DB, parsed.TLSConfig
	if parsed.Protocol != 0 {
		o.Protocol = parsed.Protocol
	}
	return nil
}

func (s *settings) fromBlock(c *config) error {
	o := s.options
	if len(c.Addresses) > 0 {
		o.Addrs = c.Addresses
	}
	for _, address := range o.Addrs {
		if host, port, err := net.SplitHostPort(address); !strings.HasPrefix(address, "/") && (err != nil || host == "" || port == "") {
			return fmt.Errorf("addresses: %q is not an address; write host and port, such as \"cache.example.com:6379\"", address)
		}
	}
	if c.Username != "" {
		o.Username = c.Username
	}
	if c.Password != "" {
		o.Password = c.Password
	}
	if c.DB != 0 {
		o.DB = c.DB
	}
	o.SentinelPassword = c.SentinelPassword
	switch {
	case s.mode == "single" && len(o.Addrs) > 1:
		return fmt.Errorf("addresses holds %d servers; with mode \"single\" it must be one", len(o.Addrs))
	case s.mode == "sentinel" && c.MasterName == "":
		return errors.New("mode \"sentinel\" needs master_name, the name of the primary that the sentinels watch")
	case s.mode != "sentinel" && c.MasterName != "":
		return fmt.Errorf("master_name goes with mode \"sentinel\", and the mode is %q", s.mode)
	case s.mode == "cluster" && o.DB != 0:
		return errors.New("a cluster has database 0 only")
	}
	o.MasterName, o.IsClusterMode = c.MasterName, s.mode == "cluster"
	return nil
}

func (s *settings) useTLS(caFile, dir string) error {
	if s.options.TLSConfig == nil {
		s.options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if caFile == "" {
		return nil
	}
	if !filepath.IsAbs(caFile) {
		caFile = filepath.Join(dir, caFile)
	}
	pem, err := trust.ReadFile(caFile)
	if err != nil {
		return fmt.Errorf("ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("ca_file: there is no certificate in %s", caFile)
	}
	s.options.TLSConfig.RootCAs = pool
	return nil
}
