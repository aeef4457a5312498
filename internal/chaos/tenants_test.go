package chaos

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const tenantBook = `
runbook "tenant" { on_failure = "stop" }
provider "http" {
  BASE
  headers = { X-Scope-OrgID = env("TENANT"), X-Api-Token = env("RENEWED"), Authorization = env("RENEWED"), X-Made = secret("env:RENEWED") }
}
step "http_request" "first" {
  url    = "ROOT/silences"
  method = "POST"
  undo "http_request" {
    url    = "ROOT/silences/1"
    method = "DELETE"
  }
}
step "manual_confirm" "ok" {
  depends_on = [step.first]
  prompt     = "Go on?"
}
step "http_request" "second" {
  depends_on = [step.ok]
  url        = "ROOT/silences"
  method     = "POST"
}
`

// tenants is a service of which each tenant has its own, by a header.
type tenants struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func (s *tenants) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// TestAnotherTenant: what the headers of a provider block say of where requests go belongs to the place of the run, with or without a
// base_url. Credentials among them, which are renewed, do not.
func TestAnotherTenant(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string][2]string{"relative": {`base_url = "URL"`, ""}, "absolute": {`base_url = "URL"`, "URL"}, "no base_url": {"", "URL"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &tenants{}
			s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.seen = append(s.seen, r.Method+" "+r.Header.Get("X-Scope-OrgID"))
			}))
			defer s.Close()
			book := write(t, "tenant.hcl", fill(tenantBook, "BASE", fill(parts[0], "URL", s.URL), "ROOT", fill(parts[1], "URL", s.URL)))
			home, store := t.TempDir(), filepath.Join(t.TempDir(), "runs.db")
			as := func(tenant, renewed string, status int, args ...string) string {
				t.Helper()
				c := command(t.Context(), t, append(args, "--auto-approve", "--store", store)...)
				c.Env = append(c.Env, "HOME="+home, "TENANT="+tenant, "RENEWED="+renewed)
				got := await(t, c)
				all := got.stdout + got.stderr
				if got.status != status || strings.Contains(all, "staging") || strings.Contains(all, "elsewhere") {
					t.Fatalf("%v: exit status %d, expected %d\n%s", args, got.status, status, all)
				}
				return all
			}
			id := runID.FindString(as("staging", "token-one", 3, "apply", book))
			told := as("elsewhere", "token-two", 2, "resume", id, "--answer", "ok=yes")
			if flat := strings.Join(strings.Fields(strings.ReplaceAll(told, "│", "")), " "); !strings.Contains(flat, "as header X-Scope-OrgID is another, whose value is not shown") || !strings.Contains(flat, "Set ") {
				t.Errorf("%s", told)
			}
			as("elsewhere", "token-two", 2, "undo", id)
			if want := []string{"POST staging"}; !slices.Equal(s.sent(), want) {
				t.Fatalf("sent: %v, expected %v", s.sent(), want)
			}
			as("staging", "token-two", 0, "resume", id, "--answer", "ok=yes")
			as("staging", "token-three", 0, "undo", id)
			if want := []string{"POST staging", "POST staging", "DELETE staging"}; !slices.Equal(s.sent(), want) {
				t.Errorf("sent: %v, expected %v", s.sent(), want)
			}
		})
	}
}
