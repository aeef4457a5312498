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

// gateway stands before a service that does all that it is asked for. The first request of each method takes place, and is answered with
// the gateway's own status.
type gateway struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string][]string // the keys of the requests, by method
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{seen: map[string][]string{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.seen[r.Method] = append(g.seen[r.Method], r.Header.Get("Idempotency-Key"))
		if len(g.seen[r.Method]) > 1 {
			return
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(map[string]int{http.MethodPost: http.StatusGatewayTimeout, http.MethodDelete: http.StatusServiceUnavailable}[r.Method])
	}))
	t.Cleanup(g.Close)
	return g
}

// sent fails the test unless requests with a method were seen so often, all with one key.
func (g *gateway) sent(t *testing.T, method string, times int) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if keys := g.seen[method]; len(keys) != times || times > 0 && (keys[0] == "" || len(slices.Compact(slices.Clone(keys))) != 1) {
		t.Errorf("%s was sent with the keys %q, expected one key %d times", method, keys, times)
	}
}

const gatewayBook = `
runbook "gateway" { on_failure = "stop" }
provider "http" { base_url = "URL" }
step "http_request" "pay" {
  url        = "/pay"
  method     = "POST"
  json       = { pay = 100 }
  idempotent = IDEMPOTENT
  retry {
    attempts = 3
    delay    = "10ms"
  }
  undo "http_request" {
    url    = "/pay"
    method = "DELETE"
  }
}
`

// TestAGatewaySaysNothingOfTheWrite: a write that took place, and that the gateway answered with 504, is not sent again, and not undone,
// without somebody's word; neither is its undo that was answered with 503. What is sent again keeps its key.
func TestAGatewaySaysNothingOfTheWrite(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		idempotent string
		word       []string
		posts      int
	}{
		"done":       {"false", []string{"--in-doubt", "done"}, 1},
		"redo":       {"false", []string{"--in-doubt", "redo"}, 2},
		"idempotent": {"true", nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t)
			book := write(t, "gateway.hcl", fill(gatewayBook, "URL", g.URL, "IDEMPOTENT", test.idempotent))
			store := filepath.Join(t.TempDir(), "runs.db")
			does := func(status int, says string, args ...string) string {
				t.Helper()
				got := runProgram(t, append(args, "--store", store)...)
				if got.status != status || !strings.Contains(got.stdout+got.stderr, says) {
					t.Fatalf("%q: exit status %d, expected %d and %q\n%s%s", args, got.status, status, says, got.stdout, got.stderr)
				}
				return runID.FindString(got.stdout + got.stderr)
			}
			pay := "Status 504 Gateway Timeout from POST " + g.URL + "/pay, expected below 400."
			id := does(4, pay, "apply", book, "--auto-approve")
			does(4, "nobody knows whether pay took place", "undo", id, "--auto-approve")
			g.sent(t, http.MethodPost, 1)
			if test.word != nil {
				does(4, "it ended with: "+pay, "resume", id, "--auto-approve")
				does(4, "stays in doubt", "resume", id, "--in-doubt", "abort")
				g.sent(t, http.MethodPost, 1)
			}
			does(0, "", append([]string{"resume", id, "--auto-approve"}, test.word...)...)
			g.sent(t, http.MethodPost, test.posts)

			g.sent(t, http.MethodDelete, 0)
			does(4, "Look whether this took place", "undo", id, "--auto-approve")
			does(4, "it ended with: Status 503 Service Unavailable from DELETE "+g.URL+"/pay", "undo", id, "--auto-approve")
			g.sent(t, http.MethodDelete, 1)
			does(0, "", "undo", id, "--in-doubt", "redo", "--auto-approve")
			g.sent(t, http.MethodDelete, 2)
		})
	}
}

const declinedBook = `
runbook "declined" { on_failure = "stop" }
provider "http" { base_url = "URL" }
step "http_request" "pay" {
  url    = "/pay"
  method = "POST"
  EXPECTED
  undo "http_request" {
    url    = "/pay"
    method = "DELETE"
  }
}
`

// TestADeclinedWriteIsNotTakenBack: what a service declined took no effect, so that its undo, which would take back somebody else's, is not
// due; after an error of the service's own it is, and after a status that the author looks at.
func TestADeclinedWriteIsNotTakenBack(t *testing.T) {
	t.Parallel()
	const looks = "expected_status = [409]\n  assert { condition = self.status_code == 201 }"
	for name, test := range map[string]struct {
		status   int
		expected string
		undone   bool
	}{
		"bad request": {status: 400}, "forbidden": {status: 403}, "not found": {status: 404}, "conflict": {status: 409}, "not valid": {status: 422}, "too many": {status: 429},
		"its own error": {status: 500, undone: true}, "conflict, expected": {status: 409, expected: looks, undone: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var seen []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				if seen = append(seen, r.Method); r.Method == http.MethodPost {
					w.WriteHeader(test.status)
				}
			}))
			defer server.Close()
			book, store := write(t, "declined.hcl", fill(declinedBook, "URL", server.URL, "EXPECTED", test.expected)), filepath.Join(t.TempDir(), "runs.db")
			got := runProgram(t, "apply", book, "--auto-approve", "--store", store)
			if got.status != 1 {
				t.Fatalf("exit status %d\n%s%s", got.status, got.stdout, got.stderr)
			}
			id := runID.FindString(got.stdout + got.stderr)
			if again := runProgram(t, "undo", id, "--auto-approve", "--store", store); again.status != 2 ||
				!test.undone && !strings.Contains(again.stderr, "pay changed nothing, so there is nothing to take back") {
				t.Errorf("undo: exit status %d\n%s%s", again.status, again.stdout, again.stderr)
			}
			mu.Lock()
			defer mu.Unlock()
			want := []string{http.MethodPost}
			if test.undone {
				want = append(want, http.MethodDelete)
			}
			if !slices.Equal(seen, want) {
				t.Errorf("sent: %v, expected %v", seen, want)
			}
		})
	}
}
