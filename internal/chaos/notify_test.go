package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/run"
)

const pagerToken = "pager-hunter2"

// page is a message as the pager's server got it.
type page struct {
	path, token, key string
	body             struct {
		Who, Step, Prompt, Run string
	}
}

// pager is a server that people are paged through.
type pager struct {
	*httptest.Server
	mu    sync.Mutex
	pages []page
}

// newPager refuses what is sent to the paths that are broken, and keeps it all the same.
func newPager(t *testing.T, broken ...string) *pager {
	t.Helper()
	p := &pager{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := page{path: r.Method + " " + r.URL.Path, token: r.Header.Get("Authorization"), key: r.Header.Get("Idempotency-Key")}
		text, err := io.ReadAll(r.Body)
		if err = errors.Join(err, json.Unmarshal(text, &got.body)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.pages = append(p.pages, got)
		status := http.StatusAccepted
		if slices.Contains(broken, r.URL.Path) {
			status = http.StatusInternalServerError
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(p.Close)
	return p
}

// got are the pages so far.
func (p *pager) got() []page {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.pages)
}

func (p *pager) paths() []string {
	var out []string
	for _, one := range p.got() {
		out = append(out, one.path)
	}
	return out
}

// pagingBook waits for a person; its first level is due at once.
func pagingBook(p *pager, second, retry string) string {
	return fill(`runbook "night" {}
provider "http" {
  alias        = "pager"
  base_url     = "SERVER"
  bearer_token = secret("env:PAGER_TOKEN")
}
contact "ann" { name = "Ann" }
escalation "oncall" {
  level {
    contact = contact.ann
    notify "http_request" {
      provider = provider.http.pager
      method   = "POST"
      url      = "/page/${self.number}"
      json     = { who = self.contact.name, step = self.step, prompt = self.prompt, run = run.id }
      RETRY
    }
  }
  level {
    contact = "Bob"
    after   = "SECOND"
    notify "http_request" {
      provider = provider.http.pager
      method   = "POST"
      url      = "/page/${self.number}"
      json     = { who = self.contact.name, step = self.step, prompt = self.prompt, run = run.id }
    }
  }
}
step "manual_confirm" "calm" {
  prompt     = "Is it calm?"
  timeout    = "1h"
  escalation = escalation.oncall
}
`, "SERVER", p.URL, "SECOND", second, "RETRY", retry)
}

// paging runs the program with the pager's token, to its death where one is given.
func paging(t *testing.T, d *death, args ...string) ended {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	name := "runbook"
	if d != nil {
		name, args = "runbook-dies", append([]string{d.String()}, args...)
	}
	c := command(ctx, t, args...)
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	c.Path, c.Args[0] = path, name
	c.Env = append(c.Env, "PAGER_TOKEN="+pagerToken)
	return await(t, c)
}

// TestLevelsOverProcesses has each level of a question notified over the wire once, on time, by whatever process runs the
// run by then, and without a question beforehand.
func TestLevelsOverProcesses(t *testing.T) {
	t.Parallel()
	p, store := newPager(t), filepath.Join(t.TempDir(), "runs.db")
	if got := paging(t, nil, "apply", write(t, "night.hcl", pagingBook(p, "2s", "")), "--store", store); got.status != cli3 {
		t.Fatalf("status %d: %s%s", got.status, got.stdout, got.stderr)
	}
	id := runsOf(t, store, 1)[0].ID
	want := page{path: "POST /page/1", token: "Bearer " + pagerToken}
	want.body.Who, want.body.Step, want.body.Prompt, want.body.Run = "Ann", "calm", "Is it calm?", id
	got := p.got()
	if len(got) != 1 || got[0].key == "" {
		t.Fatalf("%+v were sent", got)
	}
	got[0].key = ""
	if diff := cmp.Diff(want, got[0], cmp.AllowUnexported(page{})); diff != "" {
		t.Error(diff)
	}
	eventually(t, "the second level is notified", func(context.Context) error {
		if out := paging(t, nil, "resume", id, "--store", store); out.status != cli3 {
			t.Fatalf("status %d: %s%s", out.status, out.stdout, out.stderr)
		}
		if len(p.got()) < 2 {
			return errors.New("not yet")
		}
		return nil
	})
	paging(t, nil, "resume", id, "--store", store)
	if diff := cmp.Diff([]string{"POST /page/1", "POST /page/2"}, p.paths()); diff != "" {
		t.Error(diff)
	}
	asked, told := at(t, store, id, run.StepWaiting, 1), at(t, store, id, run.NotifyStarted, 2)
	if after := told.Time.Sub(asked.Time); after.Seconds() < 2 {
		t.Errorf("the second level was notified after %s", after)
	}
}

// at is the nth event of a type.
func at(t *testing.T, store, id string, kind run.Type, n int) *run.Event {
	t.Helper()
	for _, e := range eventsOf(t, store, id) {
		if e.Type == kind {
			if n--; n == 0 {
				return e
			}
		}
	}
	t.Fatalf("there is no such %s", kind)
	return nil
}

// TestKilledWhileNotifying kills the process around a page. However that goes, nobody is paged twice, and what is in doubt
// is told; where its author let it be repeated, it is sent again as the same write.
func TestKilledWhileNotifying(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		event       run.Type
		side, retry string
		pages       int // before the resume
		sent        int // in the end
		ends        []string
	}{
		"before it is known":        {run.NotifyStarted, before, "", 0, 1, []string{"pass"}},
		"before it is sent":         {run.NotifyStarted, after, "", 0, 0, []string{"error in doubt"}},
		"before its end is known":   {run.NotifyFinished, before, "", 1, 1, []string{"error in doubt"}},
		"after":                     {run.NotifyFinished, after, "", 1, 1, []string{"pass"}},
		"before its end, repeated":  {run.NotifyFinished, before, "retry { writes = true }", 1, 2, []string{"error in doubt", "pass"}},
		"before it is sent, repeat": {run.NotifyStarted, after, "retry { writes = true }", 0, 1, []string{"error in doubt", "pass"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, store := newPager(t), filepath.Join(t.TempDir(), "runs.db")
			book := write(t, "night.hcl", pagingBook(p, "30m", c.retry))
			undisturbed := filepath.Join(t.TempDir(), "runs.db")
			paging(t, nil, "apply", book, "--store", undisturbed)
			seq := at(t, undisturbed, runsOf(t, undisturbed, 1)[0].ID, c.event, 1).Seq
			first := len(p.got())
			if got := paging(t, &death{at: seq, side: c.side}, "apply", book, "--store", store); got.status != -1 {
				t.Fatalf("status %d, expected the process to be killed: %s%s", got.status, got.stdout, got.stderr)
			}
			id := runsOf(t, store, 1)[0].ID
			if n := len(p.got()) - first; n != c.pages {
				t.Errorf("%d pages were sent before the resume, not %d", n, c.pages)
			}
			for range 2 {
				if got := paging(t, nil, "resume", id, "--store", store); got.status != cli3 {
					t.Fatalf("status %d: %s%s", got.status, got.stdout, got.stderr)
				}
			}
			pages := p.got()[first:]
			keys := map[string]bool{}
			for _, one := range pages {
				keys[one.key] = true
			}
			if len(pages) != c.sent || len(keys) > 1 {
				t.Errorf("%+v were sent, not %d", pages, c.sent)
			}
			if diff := cmp.Diff(c.ends, endsOf(eventsOf(t, store, id))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// endsOf are the ends of notifications.
func endsOf(events []*run.Event) []string {
	var ends []string
	for _, e := range events {
		if e.Type == run.NotifyFinished {
			end := string(e.Outcome)
			if e.InDoubt {
				end += " in doubt"
			}
			ends = append(ends, end)
		}
	}
	return ends
}

// TestReadOnlyPagesNobody: with --read-only nothing is sent, not even the pager's secret is needed, and that is said.
func TestReadOnlyPagesNobody(t *testing.T) {
	t.Parallel()
	p, store := newPager(t), filepath.Join(t.TempDir(), "runs.db")
	got := runProgram(t, "apply", write(t, "night.hcl", pagingBook(p, "1h", "")), "--read-only", "--store", store)
	if got.status != cli3 || !strings.Contains(got.stdout, "level 1, Ann, was not notified: the run is read-only") || len(p.got()) > 0 {
		t.Errorf("status %d, %d pages: %s%s", got.status, len(p.got()), got.stdout, got.stderr)
	}
}
