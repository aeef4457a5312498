package vault

import (
	"context"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

// token is what most tests show. No error may hold it.
const token = "hvs.test-token-5b1d0f9c" //nolint:gosec // no credential

func host(home string, env map[string]string) provider.Host {
	return provider.Host{HomeDir: home, Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
}

// serve is a server of one answer; requests are what it was asked.
func serve(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s
}

// TestRead replays what a real server answered: see record_test.go.
func TestRead(t *testing.T) {
	server := recorded(t)
	for name, c := range map[string]struct {
		token, source string
		want          string
		wrong         []string
	}{
		"version 2":             {"root", "team/kv/app/db#password", "hunter2-of-the-db", nil},
		"slashes around it":     {"root", "/team/kv/app/db/#password", "hunter2-of-the-db", nil},
		"a number":              {"root", "team/kv/app/db#port", "5432", nil},
		"an object":             {"root", "team/kv/app/db#options", `{"tls":true}`, nil},
		"a space in the path":   {"root", "team/kv/a b#password", "hunter2-of-a-b", nil},
		"version 1":             {"root", "secret/app#password", "hunter2-of-version-1", nil},
		"a token for this only": {"reader", "team/kv/app/db#password", "hunter2-of-the-db", nil},
		"no such field":         {"root", "team/kv/app/db#pass", "", []string{`no field "pass"`, "options, password, port"}},
		"no such secret":        {"root", "team/kv/app/dp#password", "", []string{"404"}},
		"no such mount":         {"root", "nowhere/app#password", "", []string{"404", "if nowhere/ is its mount"}},
		"the API's own path":    {"root", "team/kv/data/app/db#password", "", []string{"write team/kv/app/db"}},
		"deleted":               {"root", "team/kv/deleted#password", "", []string{"latest version, 1, was deleted at 20"}},
		"destroyed":             {"root", "team/kv/destroyed#password", "", []string{"latest version, 1, was destroyed"}},
		"not allowed":           {"reader", "team/kv/app/other#password", "", []string{"403", "permission denied", "policies"}},
		"a token of nobody":     {"nobody", "team/kv/app/db#password", "", []string{"403", "vault token lookup"}},
		"sealed":                {"sealed", "team/kv/app/db#password", "", []string{"503", "sealed", "unseal"}},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"VAULT_ADDR": server.URL, "VAULT_TOKEN": tokenOf(c.token)}
			got, err := Read(t.Context(), host("", env), c.source)
			if got != c.want || (err == nil) != (c.wrong == nil) {
				t.Fatalf("got %q, %v; want %q", got, err, c.want)
			}
			if err != nil {
				path, _, _ := strings.Cut(c.source, "#")
				checkError(t, err, append(c.wrong, server.URL, path)...)
			}
		})
	}
}

func checkError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %v", part, err)
		}
	}
	for _, secret := range []string{token, "hunter2"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q is in %v", secret, err)
		}
	}
}

func TestWhatIsSent(t *testing.T) {
	var headers []http.Header
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		headers = append(headers, r.Header)
		_, _ = io.WriteString(w, `{"data":{"data":{"f":"value"},"metadata":{}}}`)
	})
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".vault-token"), []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Read(t.Context(), host(home, map[string]string{"VAULT_ADDR": server.URL + "/", "VAULT_NAMESPACE": "team-a"}), "kv/x#f")
	if got != "value" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	for _, h := range headers {
		for name, want := range map[string]string{"X-Vault-Token": token, "X-Vault-Namespace": "team-a", "X-Vault-Request": "true"} {
			if got := h.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	}
}

// TestStandby: a standby points to the active server, which is asked with the token.
func TestStandby(t *testing.T) {
	active := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Vault-Token") != token {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, `{"data":{"data":{"f":"value"}}}`)
	})
	standby := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, active.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	got, err := Read(t.Context(), host("", map[string]string{"VAULT_ADDR": standby.URL, "VAULT_TOKEN": token}), "kv/x#f")
	if got != "value" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestEncrypted(t *testing.T) {
	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("an unencrypted place was asked") })
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "moved") {
			http.Redirect(w, r, plain.URL+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		_, _ = io.WriteString(w, `{"data":{"data":{"f":"value"}}}`)
	}))
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"VAULT_ADDR": server.URL, "VAULT_TOKEN": token}
	_, err := Read(t.Context(), host("", env), "kv/x#f")
	checkError(t, err, server.URL, "certificate")
	env["VAULT_CACERT"] = ca
	if got, err := Read(t.Context(), host("", env), "kv/x#f"); got != "value" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = Read(t.Context(), host("", env), "kv/moved#f")
	checkError(t, err, "unencrypted")
	env["VAULT_CACERT"] = "/nowhere"
	_, err = Read(t.Context(), host("", env), "kv/x#f")
	checkError(t, err, "VAULT_CACERT", "/nowhere")
}

func TestErrors(t *testing.T) {
	echo := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"errors":["bad token `+r.Header.Get("X-Vault-Token")+`\n, long: `+strings.Repeat("x", 1000)+`"]}`)
	})
	page := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello</html>") })
	other := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"hello":"world"}`) })
	endless := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", maxAnswer+1))
	})
	silent := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		address, token string
		want           []string
	}{
		"no address":        {"", token, []string{"VAULT_ADDR is not set"}},
		"a host alone":      {"vault:8200", token, []string{"VAULT_ADDR is not a URL"}},
		"no token":          {nobody, "", []string{"set VAULT_TOKEN"}},
		"a token in two":    {nobody, "hvs.\nx", []string{"VAULT_TOKEN holds a character"}},
		"nobody there":      {nobody, token, []string{nobody, "kv/x", "connection refused"}},
		"an echo":           {echo.URL, token, []string{echo.URL, "bad token (sensitive)", "…"}},
		"another server":    {page.URL, token, []string{page.URL, "does VAULT_ADDR point at one"}},
		"other JSON":        {other.URL, token, []string{other.URL, "not that of a key/value engine of version 2", "does VAULT_ADDR point at a Vault"}},
		"an endless answer": {endless.URL, token, []string{"longer than"}},
		"a silent server":   {silent.URL, token, []string{silent.URL, "timed out while waiting for the answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := Read(ctx, host("", map[string]string{"VAULT_ADDR": c.address, "VAULT_TOKEN": c.token}), "kv/x#f")
			checkError(t, err, c.want...)
		})
	}
}
