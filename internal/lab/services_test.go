package lab_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// These tests hold the lab to what the demo and the provider tests rely on. They read the env file, as all tests do.

func TestPostgresHasDataAndStatistics(t *testing.T) {
	for _, name := range []string{"DATABASE_URL", "LAB_DATABASE_TLS_URL"} {
		connection, err := pgx.Connect(t.Context(), providertest.Lab(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Cleanup(func() { _ = connection.Close(context.Background()) })
		var conversations, statements int
		err = connection.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM conversations), (SELECT count(*) FROM pg_stat_statements)").
			Scan(&conversations, &statements)
		if err != nil || conversations < 1000 || statements < 5 {
			t.Errorf("%s: %d conversations, %d statements, %v", name, conversations, statements, err)
		}
		if _, err := connection.Exec(t.Context(), "SELECT FROM billing_secrets"); err == nil {
			t.Errorf("%s: the ordinary role may read what belongs to the superuser", name)
		}
	}
}

func TestRedisUsersDiffer(t *testing.T) {
	for name, mayRead := range map[string]bool{"REDIS_URL": true, "LAB_REDIS_READONLY_URL": false} {
		options, err := redis.ParseURL(providertest.Lab(t, name))
		if err != nil {
			t.Fatal(err)
		}
		client := redis.NewClient(options)
		t.Cleanup(func() { _ = client.Close() })
		if err := client.Ping(t.Context()).Err(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := client.Get(t.Context(), "session:001").Err(); (err == nil) != mayRead {
			t.Errorf("%s: reading a key: %v", name, err)
		}
	}
}

func TestCertificatesAreGoodEndingEndedAndUnsigned(t *testing.T) {
	pem, err := os.ReadFile(providertest.Lab(t, "LAB_CA_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for name, test := range map[string]struct {
		verified bool
		days     int
	}{
		"LAB_SITE_ADDRESS":        {verified: true, days: 90},
		"LAB_EXPIRING_ADDRESS":    {verified: true, days: 10},
		"LAB_EXPIRED_ADDRESS":     {days: -1},
		"LAB_SELF_SIGNED_ADDRESS": {days: 90},
	} {
		t.Run(name, func(t *testing.T) {
			address := providertest.Lab(t, name)
			connection, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = connection.Close() }()
			leaf := connection.ConnectionState().PeerCertificates[0]
			left := time.Until(leaf.NotAfter)
			most := time.Duration(test.days) * 24 * time.Hour
			if left > most || left < most-24*time.Hour {
				t.Errorf("the certificate ends in %s, want at most a day less than %d days", left, test.days)
			}
			for _, host := range []string{"intelligent-agent.lab", "localhost", "127.0.0.1"} {
				_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host})
				if (err == nil) != test.verified {
					t.Errorf("verify for %s: %v", host, err)
				}
			}
		})
	}
}

func TestTheAPIIsServedPlainAndBehindTLS(t *testing.T) {
	pem, err := os.ReadFile(providertest.Lab(t, "LAB_CA_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	for _, name := range []string{"LAB_API_URL", "LAB_SITE_URL"} {
		response, err := client.Get(providertest.Lab(t, name) + "/health")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
}

func TestNobodyListensOnTheClosedAddress(t *testing.T) {
	connection, err := net.DialTimeout("tcp", providertest.Lab(t, "LAB_CLOSED_ADDRESS"), time.Second)
	if err == nil {
		_ = connection.Close()
		t.Error("somebody does")
	}
}

// TestKubectl runs the commands of the daily procedures.
func TestKubectl(t *testing.T) {
	kubectl := filepath.Join(providertest.Lab(t, "LAB_BIN_DIR"), "kubectl")
	for name, test := range map[string]struct {
		args []string
		// want are parts of the output.
		want []string
		code int
	}{
		"nodes":     {args: []string{"get", "nodes", "--no-headers"}, want: []string{"lab-control-1", "lab-worker-1", "lab-worker-2"}},
		"usage":     {args: []string{"top", "nodes"}, want: []string{"lab-worker-1"}},
		"pod usage": {args: []string{"top", "pods", "-n", "production"}, want: []string{"intelligent-agent-backend-"}},
		"logs":      {args: []string{"logs", "-n", "production", "-l", "app=intelligent-agent", "--tail=100"}, want: []string{"request served"}},
		"audit":     {args: []string{"logs", "deployment/audit-logger", "-n", "production", "--tail=1"}, want: []string{`"entry":11999`}},
		"history":   {args: []string{"rollout", "history", "deployment/intelligent-agent-backend", "-n", "production"}, want: []string{"first release", "close idle database connections"}},
		"exec":      {args: []string{"exec", "-n", "production", "deployment/intelligent-agent-backend", "--", "sh", "-c", "echo hello; exit 3"}, want: []string{"hello"}, code: 3},
		"failed":    {args: []string{"get", "jobs", "-n", "staging", "--no-headers"}, want: []string{"database-migration", "Failed"}},
		"forbidden": {args: []string{"--context=viewer", "get", "pods", "-n", "production"}, want: []string{"Forbidden"}, code: 1},
		"allowed":   {args: []string{"--context=viewer", "get", "pods", "-n", "staging"}, want: []string{"gpu-trainer", "CrashLoopBackOff"}},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), kubectl, test.args...)
			command.Env = append(os.Environ(), "KUBECONFIG="+providertest.Lab(t, "KUBECONFIG"))
			out, _ := command.CombinedOutput() // the status is looked at below
			if code := command.ProcessState.ExitCode(); code != test.code {
				t.Errorf("exit status %d, want %d\n%s", code, test.code, out)
			}
			for _, want := range test.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
		})
	}
}
