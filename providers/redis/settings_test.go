package redis

import (
	"maps"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

func TestDeclarations(t *testing.T) { providertest.Declarations(t, New()) }

func TestURLErrorsKeepSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"http://app:hunter22@cache:6379":      "does not start with redis://",
		"hunter22":                            "does not start with redis://",
		"redis://app:hunter22%zz@cache":       "not a Redis URL",
		"redis://app:hunter22@cache:hunter22": "not a Redis URL",
		"redis://:hunter22@/0":                "no host",
		"redis://:hunter22@cache/hunter22":    "number of a database",
		"redis://:hunter22@cache?a=hunter22":  "number of a database",
	} {
		t.Run(text, func(t *testing.T) {
			err := New().Check(provider.Host{}, "redis_url")(text)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter22") {
				t.Errorf("error is %v, expected one with %q", err, want)
			}
			_, err = New().Open(t.Context(), request(t, map[string]cty.Value{"url": cty.StringVal(text)}, nil))
			if err == nil || strings.Contains(err.Error(), "hunter22") || !provider.Permanent(err) {
				t.Errorf("open: %v", err)
			}
		})
	}
	for _, text := range []string{"redis://cache", "rediss://app:x@cache:6380/2", "unix:///run/redis.sock?db=1"} {
		if err := checkURL(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func request(t *testing.T, block map[string]cty.Value, env map[string]string) provider.OpenRequest {
	t.Helper()
	req := provider.OpenRequest{MaxParallel: 16, Dir: "/runbooks"}
	req.Lookup = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	if block != nil {
		attrs := New().Config().Null().AsValueMap()
		maps.Copy(attrs, block)
		req.Config = cty.ObjectVal(attrs)
	}
	return req
}

// typed decodes a request as the SDK does.
func typed(t *testing.T, req provider.OpenRequest) provider.Open[config] {
	t.Helper()
	open := provider.Open[config]{OpenRequest: req, Config: &config{}, Explicit: req.Config != cty.NilVal}
	value := req.Config
	if !open.Explicit {
		value = New().Config().Null()
	}
	if err := New().Config().Decode(value, open.Config); err != nil {
		t.Fatal(err)
	}
	return open
}

func addresses(list ...string) cty.Value {
	var values []cty.Value
	for _, a := range list {
		values = append(values, cty.StringVal(a))
	}
	return cty.ListVal(values)
}

func TestTargets(t *testing.T) {
	t.Setenv("REDIS_URL", "redis://leaked:6379") // the process's own does not count
	for name, test := range map[string]struct {
		block map[string]cty.Value
		env   map[string]string
		want  string
	}{
		"nothing":   {want: "127.0.0.1:6379/0 as default"},
		"variable":  {env: map[string]string{"REDIS_URL": "redis://app:hunter22@cache:6380/2"}, want: "cache:6380/2 as app"},
		"url":       {block: map[string]cty.Value{"url": cty.StringVal("rediss://:hunter22@cache")}, env: map[string]string{"REDIS_URL": "redis://x"}, want: "cache:6379/0 over TLS as default"},
		"socket":    {block: map[string]cty.Value{"url": cty.StringVal("unix:///run/redis.sock?db=3")}, want: "unix:///run/redis.sock?db=3 as default"},
		"addresses": {block: map[string]cty.Value{"addresses": addresses("cache:6379"), "username": cty.StringVal("app"), "db": cty.NumberIntVal(1), "tls": cty.True}, want: "cache:6379/1 over TLS as app"},
		"sentinel": {block: map[string]cty.Value{"addresses": addresses("s1:26379", "s2:26379"), "mode": cty.StringVal("sentinel"), "master_name": cty.StringVal("main")},
			want: "redis primary main/0 of sentinels s1:26379,s2:26379 as default"},
		"cluster": {block: map[string]cty.Value{"addresses": addresses("n1:6379", "n2:6379"), "mode": cty.StringVal("cluster")}, want: "redis cluster n1:6379,n2:6379 as default"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := New().Target(request(t, test.block, test.env))
			if err != nil || got != test.want {
				t.Errorf("target is %q, %v, expected %q", got, err, test.want)
			}
		})
	}
}

func TestConfigErrors(t *testing.T) {
	for name, test := range map[string]struct {
		block map[string]cty.Value
		want  string
	}{
		"no target":        {map[string]cty.Value{"db": cty.NumberIntVal(1)}, "set url or addresses"},
		"address":          {map[string]cty.Value{"addresses": addresses("cache")}, `"cache" is not an address`},
		"several":          {map[string]cty.Value{"addresses": addresses("a:1", "b:1")}, `with mode "single" it must be one`},
		"sentinel":         {map[string]cty.Value{"addresses": addresses("a:1"), "mode": cty.StringVal("sentinel")}, "needs master_name"},
		"master":           {map[string]cty.Value{"addresses": addresses("a:1"), "master_name": cty.StringVal("main")}, "goes with mode \"sentinel\""},
		"cluster database": {map[string]cty.Value{"addresses": addresses("a:1"), "mode": cty.StringVal("cluster"), "db": cty.NumberIntVal(1)}, "database 0 only"},
		"authorities":      {map[string]cty.Value{"addresses": addresses("a:1"), "ca_file": cty.StringVal("no-such-file")}, "/runbooks/no-such-file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New().Open(t.Context(), request(t, test.block, nil))
			if err == nil || !strings.Contains(err.Error(), test.want) || !provider.Permanent(err) {
				t.Errorf("error is %v, expected one with %q", err, test.want)
			}
		})
	}
}

func TestModes(t *testing.T) {
	block := map[string]cty.Value{
		"addresses": addresses("a:1", "b:2"), "username": cty.StringVal("app"), "password": cty.StringVal("hunter22"),
		"mode": cty.StringVal("cluster"), "tls": cty.True,
	}
	s, err := settingsOf(typed(t, request(t, block, nil)))
	if err != nil {
		t.Fatal(err)
	}
	cluster := s.options.Cluster()
	if cluster.Username != "app" || cluster.Password != "hunter22" || cluster.TLSConfig == nil || len(cluster.Addrs) != 2 || cluster.PoolSize != 16 {
		t.Errorf("cluster options are %+v", cluster)
	}
	block["mode"], block["master_name"], block["sentinel_password"] = cty.StringVal("sentinel"), cty.StringVal("main"), cty.StringVal("hunter33")
	if s, err = settingsOf(typed(t, request(t, block, nil))); err != nil {
		t.Fatal(err)
	}
	sentinel := s.options.Failover()
	if sentinel.MasterName != "main" || sentinel.SentinelPassword != "hunter33" || sentinel.Password != "hunter22" || len(sentinel.SentinelAddrs) != 2 {
		t.Errorf("sentinel options are %+v", sentinel)
	}
	single, err := settingsOf(typed(t, request(t, nil, map[string]string{"REDIS_URL": "redis://cache/3"})))
	if err != nil {
		t.Fatal(err)
	}
	o := single.options.Simple()
	if o.Addr != "cache:6379" || o.DB != 3 || !o.DisableIdentity || o.MaintNotificationsConfig.Mode != maintnotifications.ModeDisabled {
		t.Errorf("options are %+v", o)
	}
}
