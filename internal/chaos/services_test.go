package chaos

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// service is one of the lab's, as a provider of a runbook sees it through a proxy.
type service struct {
	name string
	// variable holds its address: a URL, or host and port; kubeconfig is read for "KUBECONFIG".
	variable string
	// config is the body of the provider's block, step that of a step which reads. ADDRESS, URL and FILE stand for the
	// proxy's address, the variable's URL with that address, and a kubeconfig with it.
	provider, config string
	action, step     string
	// op is what a message has to say was tried, a regular expression.
	op string
}

// services are one for each way in which a provider speaks over a network.
var services = []service{
	{
		name: "kubernetes", variable: "KUBECONFIG", provider: "kubernetes", config: `kubeconfig = "FILE"`,
		action: "kubernetes_pods", step: `namespace = "*"`, op: "list pods in all namespaces",
	},
	{
		name: "postgres", variable: "DATABASE_URL", provider: "postgres", config: `url = "URL"`,
		action: "postgres_size", op: "measure the database",
	},
	{
		name: "redis", variable: "REDIS_URL", provider: "redis", config: `url = "URL"`,
		action: "redis_info", op: "read the statistics",
	},
	{
		name: "http", variable: "LAB_API_URL", provider: "http", config: `base_url = "URL"`,
		action: "http_request", step: `url = "/metrics"`, op: "GET /metrics",
	},
	{
		name: "https", variable: "LAB_SITE_URL", provider: "http", config: "base_url = \"URL\"\n  ca_file = env(\"LAB_CA_FILE\")",
		action: "http_request", step: `url = "/metrics"`, op: "GET /metrics",
	},
	{
		name: "prometheus", variable: "PROMETHEUS_URL", provider: "prometheus", config: `url = "URL"`,
		action: "prometheus_query", step: `query = "{__name__=~\".+\"}"`, op: "query",
	},
	{
		name: "tls", variable: "LAB_SITE_ADDRESS", action: "tls_certificate",
		step: "address = \"ADDRESS\"\n  server_name = env(\"LAB_SITE_SERVER_NAME\")\n  ca_file = env(\"LAB_CA_FILE\")", op: "read the certificate",
	},
	{
		name: "starttls", variable: "LAB_DATABASE_ADDRESS", action: "tls_certificate",
		step: "address = \"ADDRESS\"\n  starttls = \"postgres\"", op: "read the certificate",
	},
}

// upstream is the address of the service.
func (s service) upstream(t *testing.T, env map[string]string) string {
	t.Helper()
	value := env[s.variable]
	if s.variable == "KUBECONFIG" {
		value = server(t, value)
	}
	if u, err := url.Parse(value); err == nil && u.Host != "" {
		return u.Host
	}
	return value
}

// fill puts the address of a proxy in place of the service's.
func (s service) fill(t *testing.T, env map[string]string, text, address string) string {
	t.Helper()
	upstream := s.upstream(t, env)
	text = strings.ReplaceAll(text, "ADDRESS", address)
	text = strings.ReplaceAll(text, "URL", strings.Replace(env[s.variable], upstream, address, 1))
	if strings.Contains(text, "FILE\"") && s.variable == "KUBECONFIG" {
		content, err := os.ReadFile(env[s.variable])
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "kubeconfig")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(content), upstream, address)), 0o600); err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, "FILE", path)
	}
	return text
}

// server is that of the cluster in a kubeconfig.
func server(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(content), "server: ")
	value, _, _ := strings.Cut(rest, "\n")
	if !found {
		t.Fatalf("%s names no server", path)
	}
	return strings.TrimSpace(value)
}
