package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

// TestASealedNoteOutlivesACrash kills the process in the middle of a write that holds a secret: what was noted of it is
// sealed, and who lacks the key is told so, not that nothing was noted, which would mean that nothing was sent.
func TestASealedNoteOutlivesACrash(t *testing.T) {
	dir := t.TempDir()
	text := `runbook "crash" {}
step "http_request" "kills" {
  url    = env("LEAK_SERVER")
  method = "POST"
  body   = secret("env:LEAK_ENV")
}
`
	started := make(chan *os.Process, 1)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if err := (<-started).Kill(); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	file := filepath.Join(dir, "crash.hcl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	call := func(key string, args ...string) string {
		c := exec.CommandContext(context.Background(), "runbook", append(args, "--store", filepath.Join(dir, "runs.db"))...)
		c.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "LEAK_ENV=crash-hunter2", "LEAK_SERVER=" + server.URL, "RUNBOOK_KEY=" + key}
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if args[0] == "apply" {
			started <- c.Process
		}
		err := c.Wait()
		t.Logf("%s: %v\n%s", args, err, out.String())
		return strings.Join(strings.Fields(strings.ReplaceAll(out.String(), "│", "")), " ")
	}
	call("", "apply", file, "--auto-approve")
	id := strings.Fields(call("", "runs", "--json"))
	run := ""
	for i, word := range id {
		if word == `"id":` {
			run = strings.Trim(id[i+1], `",`)
		}
	}
	if noted := call("", "show", run, "--json"); !strings.Contains(noted, `"step_noted"`) || !strings.Contains(noted, `"note":"(sensitive)"`) {
		t.Errorf("the note is not sealed: %s", noted)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if said := call(other.String(), "resume", run); !strings.Contains(said, "what was noted before it was sent is sensitive, and can't be read back") ||
		!strings.Contains(said, "--in-doubt") {
		t.Errorf("with another key: %s", said)
	}
	if said := call("", "resume", run, "--in-doubt", "done"); strings.Contains(said, "can't be read back") || !strings.Contains(said, "taken as done") {
		t.Errorf("with the key: %s", said)
	}
}
