package lab

import (
	"bufio"
	"bytes"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
)

// variable is one line of the env file.
type variable struct {
	Name, Value string
}

// plain values need no quotes in a POSIX shell.
var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]*$`)

// writeEnv writes KEY=VALUE lines that a shell can source; only the owner may read them, for there are passwords in
// them.
func writeEnv(path string, variables []variable) error {
	var out bytes.Buffer
	for _, v := range variables {
		value := v.Value
		if !plain.MatchString(value) {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		_, _ = fmt.Fprintf(&out, "%s=%s\n", v.Name, value)
	}
	if err := writeFile(path, out.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write the env file: %w", err)
	}
	return nil
}

// ReadEnv reads what Up wrote, in the form of os.Environ.
func ReadEnv(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the env file: %w", err)
	}
	var environ []string
	for scanner := bufio.NewScanner(bytes.NewReader(data)); scanner.Scan(); {
		name, value, ok := strings.Cut(scanner.Text(), "=")
		if !ok {
			return nil, fmt.Errorf("read the env file: no = in line %q", scanner.Text())
		}
		if strings.HasPrefix(value, "'") {
			value = strings.ReplaceAll(strings.TrimSuffix(value[1:], "'"), `'\''`, "'")
		}
		environ = append(environ, name+"="+value)
	}
	return environ, nil
}

// environment lists the addresses and credentials of the services.
func (l *Lab) environment() []variable {
	secret := l.state.Secrets
	database := func(user, password, options string) string {
		return fmt.Sprintf("postgres://%s:%s@%s/%s?%s", user, password, l.address("postgres"), databaseName, options)
	}
	cache := func(user, password string) string {
		return fmt.Sprintf("redis://%s:%s@%s/0", user, password, l.address("redis"))
	}
	return []variable{
		{"KUBECONFIG", l.path("kubeconfig")},
		{"DATABASE_URL", database("runbook", secret["postgres-runbook"], "sslmode=disable")},
		{"LAB_DATABASE_SUPERUSER_URL", database("postgres", secret["postgres-superuser"], "sslmode=disable")},
		{"LAB_DATABASE_TLS_URL", database("runbook", secret["postgres-runbook"], "sslmode=verify-full&sslrootcert="+url.PathEscape(l.path("certs", "ca.crt")))},
		{"LAB_DATABASE_ADDRESS", l.address("postgres")},
		{"REDIS_URL", cache("default", secret["redis"])},
		{"LAB_REDIS_ADDR", l.address("redis")},
		{"LAB_REDIS_READONLY_URL", cache("limited", secret["redis-limited"])},
		{"PROMETHEUS_URL", "http://" + l.address("prometheus")},
		{"LAB_API_URL", "http://" + l.address("api")},
		{"LAB_API_TOKEN_FILE", l.path("api-token")},
		{"LAB_API_USER", apiUser},
		{"LAB_API_PASSWORD", secret["api-password"]},
		{"LAB_SITE_URL", "https://" + l.address("site")},
		{"LAB_SITE_ADDRESS", l.address("site")},
		{"LAB_SITE_SERVER_NAME", siteName},
		{"LAB_EXPIRING_ADDRESS", l.address("expiring")},
		{"LAB_EXPIRED_ADDRESS", l.address("expired")},
		{"LAB_SELF_SIGNED_ADDRESS", l.address("self-signed")},
		{"LAB_CA_FILE", l.path("certs", "ca.crt")},
		{"LAB_BACKUP_DIR", l.path("data", "backups")},
		{"LAB_CLOSED_ADDRESS", l.address("closed")},
		{"LAB_BIN_DIR", l.path("bin")},
		// What runbooks/workspace.hcl has variables for.
		{"RUNBOOK_VAR_api_url", "http://" + l.address("api")},
		{"RUNBOOK_VAR_prometheus_url", "http://" + l.address("prometheus")},
		{"RUNBOOK_VAR_redis_url", cache("default", secret["redis"])},
		{"RUNBOOK_VAR_site_address", l.address("site")},
		{"RUNBOOK_VAR_site_server_name", siteName},
		{"RUNBOOK_VAR_site_ca_file", l.path("certs", "ca.crt")},
		{"RUNBOOK_VAR_metrics_dir", l.path("data", "metrics")},
	}
}
