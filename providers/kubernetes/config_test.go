package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/provider"
)

const twoContexts = `{apiVersion: v1, kind: Config, current-context: eu,
clusters: [{name: eu, cluster: {server: "https://somebody:hush@eu.example.com:6443/"}}, {name: us, cluster: {server: "https://us.example.com"}}],
contexts: [{name: eu, context: {cluster: eu, user: ann, namespace: shop}}, {name: us, context: {cluster: us, user: bob}}],
users: [{name: ann, user: {token: a}}, {name: bob, user: {token: b}}]}`

// located is what of a cluster a test compares.
type located struct{ Endpoint, Context, User, Namespace string }

func TestLocate(t *testing.T) {
	dir, home := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "two"), twoContexts)
	write(t, filepath.Join(dir, "one"), kubeconfigOf("http://one.example.com:8080"))
	write(t, filepath.Join(home, ".kube", "config"), kubeconfigOf("https://home.example.com"))
	two, one := filepath.Join(dir, "two"), filepath.Join(dir, "one")
	eu := located{"https://eu.example.com:6443", "eu", "ann", "shop"}
	cases := map[string]struct {
		config config
		env    map[string]string
		home   string
		want   located
	}{
		"file":                       {config: config{Kubeconfig: two}, want: eu},
		"relative file":              {config: config{Kubeconfig: "two"}, want: eu},
		"file in the home folder":    {config: config{Kubeconfig: "~/.kube/config"}, home: home, want: located{"https://home.example.com", "test", "u", "production"}},
		"context":                    {config: config{Kubeconfig: two, Context: "us"}, want: located{"https://us.example.com", "us", "bob", "default"}},
		"namespace":                  {config: config{Kubeconfig: two, Namespace: "other"}, want: located{eu.Endpoint, "eu", "ann", "other"}},
		"KUBECONFIG":                 {env: map[string]string{"KUBECONFIG": two}, home: home, want: eu},
		"KUBECONFIG of several":      {env: map[string]string{"KUBECONFIG": one + string(os.PathListSeparator) + two}, want: located{"http://one.example.com:8080", "test", "u", "production"}},
		"KUBECONFIG, one is missing": {env: map[string]string{"KUBECONFIG": "/does/not/exist" + string(os.PathListSeparator) + two}, want: eu},
		"block before KUBECONFIG":    {config: config{Kubeconfig: two}, env: map[string]string{"KUBECONFIG": one}, want: eu},
		"home folder":                {home: home, want: located{"https://home.example.com", "test", "u", "production"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := locate(requestWith(t, c.config, c.env, dir, c.home))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, located{got.endpoint, got.context, got.user, got.namespace}); diff != "" {
				t.Errorf("it differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLocateErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "two"), twoContexts)
	write(t, filepath.Join(dir, "junk"), "\x00\x01 no kubeconfig")
	write(t, filepath.Join(dir, "empty"), "")
	cases := map[string]struct {
		config config
		env    map[string]string
		words  []string
	}{
		"nothing anywhere":    {words: []string{"no such file", "KUBECONFIG"}},
		"no such files":       {env: map[string]string{"KUBECONFIG": "/nope/a:/nope/b"}, words: []string{"/nope/a, /nope/b", "no such file"}},
		"nothing in it":       {env: map[string]string{"KUBECONFIG": filepath.Join(dir, "empty")}, words: []string{"no cluster", "KUBECONFIG"}},
		"no such file":        {config: config{Kubeconfig: "nope"}, words: []string{filepath.Join(dir, "nope"), "no such file"}},
		"no such context":     {config: config{Kubeconfig: "two", Context: "asia"}, words: []string{`no context "asia"`, "eu, us"}},
		"junk":                {config: config{Kubeconfig: "junk"}, words: []string{filepath.Join(dir, "junk")}},
		"not in a pod":        {config: config{InCluster: true}, words: []string{"KUBERNETES_SERVICE_HOST", "not set"}},
		"pod without a token": {env: map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}, words: []string{"service account", "token"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := locate(requestWith(t, c.config, c.env, dir, ""))
			wantError(t, err, c.words...)
			if !provider.Permanent(err) {
				t.Error("the error is not permanent")
			}
		})
	}
}

// TestReadSecretFindsNoCluster: no provider block counts there, so none is named.
func TestReadSecretFindsNoCluster(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "two"), strings.Replace(twoContexts, "current-context: eu", "current-context: asia", 1))
	for name, env := range map[string]map[string]string{
		"nothing":         nil,
		"no such file":    {"KUBECONFIG": "/nope"},
		"no such context": {"KUBECONFIG": filepath.Join(dir, "two")},
		"no token":        {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"},
	} {
		t.Run(name, func(t *testing.T) {
			host := provider.Host{Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
			_, err := ReadSecret(t.Context(), host, "ns/name#key")
			wantError(t, err, "KUBECONFIG", "kubectl config use-context", "service account")
			if strings.Contains(err.Error(), `provider "kubernetes" {`) || strings.Contains(err.Error(), "in_cluster") {
				t.Errorf("it names a provider block: %v", err)
			}
		})
	}
}

func TestInCluster(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "token"), "secret")
	write(t, filepath.Join(folder, "namespace"), "ops\n")
	env := map[string]string{"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
	got, err := inClusterFrom(requestWith(t, config{InCluster: true}, env, "", ""), folder)
	if err != nil {
		t.Fatal(err)
	}
	want := located{"https://[fd00::1]:443", "in-cluster", "", "ops"}
	if diff := cmp.Diff(want, located{got.endpoint, got.context, got.user, got.namespace}); diff != "" {
		t.Errorf("it differs (-want +got):\n%s", diff)
	}
	if got.rest.BearerTokenFile != filepath.Join(folder, "token") || got.rest.CAFile != filepath.Join(folder, "ca.crt") {
		t.Errorf("token from %q, authority from %q", got.rest.BearerTokenFile, got.rest.CAFile)
	}
}

func TestTarget(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "two"), twoContexts)
	got, err := target(requestWith(t, config{Kubeconfig: "two"}, nil, dir, ""))
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://eu.example.com:6443 (context eu)"; got.System() != want {
		t.Errorf("the system is %q, expected %q", got.System(), want)
	}
	got, err = target(requestWith(t, config{Kubeconfig: "two", Namespace: "shop"}, nil, dir, ""))
	if want := "https://eu.example.com:6443 (context eu, namespace shop)"; err != nil || got.Shown() != want {
		t.Errorf("target is %q, %v, expected %q", got.Shown(), err, want)
	}
}

func TestLimitRate(t *testing.T) {
	cases := map[string]struct {
		config config
		qps    float32
	}{
		"none by default": {config{}, 0},
		"as set":          {config{QPS: 7, Burst: 3}, 7},
		"burst follows":   {config{QPS: 0.5}, 0.5},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := request(t, c.config)
			r.Config.Kubeconfig = written(t, twoContexts)
			client, err := open(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			var qps float32
			if limiter := client.rest.GetRateLimiter(); limiter != nil {
				qps = limiter.QPS()
			}
			if qps != c.qps {
				t.Errorf("%v requests a second, expected %v", qps, c.qps)
			}
		})
	}
}

func requestWith(t *testing.T, c config, env map[string]string, dir, home string) provider.Open[config] {
	t.Helper()
	r := request(t, c)
	r.Dir, r.HomeDir = dir, home
	r.Lookup = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	return r
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
