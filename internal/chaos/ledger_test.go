package chaos

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// ledger is what the world saw of a run's writes: the requests of a server of the test's, and the lines of files.
type ledger struct {
	t      *testing.T
	server *httptest.Server
	dir    string
	open   atomic.Int64 // connections

	mu   sync.Mutex
	seen map[string]int
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{t: t, dir: t.TempDir(), seen: map[string]int{}}
	l.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			l.mu.Lock()
			l.seen[strings.TrimPrefix(r.URL.Path, "/")]++
			l.mu.Unlock()
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	l.server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			l.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			l.open.Add(-1)
		}
	}
	l.server.Start()
	t.Cleanup(l.server.Close)
	return l
}

// counts are how often each step's write was seen, once nothing is on its way any more: the process that sent them has
// ended, and so have those that it started.
func (l *ledger) counts() map[string]int {
	l.t.Helper()
	// A connection that the kernel has taken is accepted before this one.
	request, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.server.URL, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	request.Close = true
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		l.t.Error(err)
	}
	eventually(l.t, "all requests have ended", func(context.Context) error {
		if n := l.open.Load(); n > 0 {
			return fmt.Errorf("%d connections are open", n)
		}
		return nil
	})
	eventually(l.t, "all commands have ended", func(context.Context) error { return nobodyNames(l.dir) })
	counts := map[string]int{}
	l.mu.Lock()
	defer l.mu.Unlock()
	for step, n := range l.seen {
		counts[step] = n
	}
	files, err := os.ReadDir(l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(l.dir, f.Name()))
		if err != nil {
			l.t.Fatal(err)
		}
		counts[f.Name()] += strings.Count(string(text), "x")
	}
	return counts
}

// nobodyNames reports a process whose arguments name the folder.
func nobodyNames(dir string) error {
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, path := range lines {
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), dir) {
			return fmt.Errorf("%s is alive: %q", filepath.Dir(path), text)
		}
	}
	return nil
}
