package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// longRun is how many steps the runs have that are resumed, and resumeLimit how long it may take in seconds until the
// first of them starts.
const (
	longRun     = 10_000
	resumeLimit = 1
)

// resumes are runs that failed at their last step. Wall is the time from the start of the process to the first step that
// starts; the CPU is that of the whole session, in which one step runs and fails again.
func (s *setup) resumes() (group, error) {
	steps := func(name string, n int) string {
		return fmt.Sprintf("runbook %q {}\n", name) + failingLast(n) + checks(n)
	}
	secret := fmt.Sprintf("runbook \"sealed\" {}\n\nvariable \"word\" {\n  sensitive = true\n  default   = \"healthy\"\n}\n\nprovider \"http\" {\n  base_url = %q\n}\n", s.server) +
		failingLast(longRun) + reads(longRun, "/health")
	each := func(name string, assertions int) string {
		return fmt.Sprintf("runbook %q {}\n", name) + failingLast(longRun) + checkOf(longRun-1, assertions,
			fmt.Sprintf("  for_each = toset([for n in setproduct(range(100), range(%d)): join(\"-\", n)])\n", longRun/100))
	}
	g := group{title: "resume, until the first step starts"}
	for _, c := range []struct{ name, id, content string }{
		{"1 step", "resume-1", steps("one", 1)},
		{"10,000 steps", "resume-steps", steps("steps", longRun)},
		{"10,000 HTTP checks", "resume-plain", strings.Replace(secret, "sensitive = true\n", "", 1)},
		{"10,000 HTTP checks, their results sealed", "resume-sealed", secret},
		{"10,000 instances of one step", "resume-instances", each("instances", 0)},
		{"the same, with 100,000 events", "resume-events", each("events", 7)},
	} {
		file, err := writeRunbook(s.dir, c.id, c.content)
		if err != nil {
			return group{}, err
		}
		row := &benchCase{name: c.name, targets: []target{{metric: wall, limit: resumeLimit}}}
		row.before = func(ctx context.Context) error { return s.failed(ctx, row, file, c.id) }
		g.cases = append(g.cases, row)
	}
	return g, nil
}

// failingLast is a step that fails, behind the check with the highest number.
func failingLast(n int) string {
	return fmt.Sprintf(`
step "local_command" "last" {
  depends_on = [step.s%d]
  effect     = "read"
  command    = ["false"]
  timeout    = "10s"
}
`, n-1)
}

// checks are n checks of nothing.
func checks(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(checkOf(i, 0, ""))
	}
	return b.String()
}

// checkOf is the check of a number, with assertions that hold and with more in its block.
func checkOf(i, assertions int, more string) string {
	const assertion = "  assert {\n    condition = length(run.id) > 1\n  }\n"
	return fmt.Sprintf("\ncheck \"s%d\" {\n%s%s}\n", i, more, strings.Repeat(assertion, assertions))
}

// reads are n GETs.
func reads(n int, path string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\nstep \"http_request\" \"s%d\" {\n  url = %q\n}\n", i, path)
	}
	return b.String()
}

// failed runs a runbook that fails, and has the case resume that run.
func (s *setup) failed(ctx context.Context, c *benchCase, file, store string) error {
	path := filepath.Join(s.dir, store+".db")
	cmd := exec.CommandContext(ctx, s.runbook, "apply", file, "--store", path, "--json")
	cmd.Env = os.Environ()
	first := &firstLine{}
	cmd.Stdout = first
	var exited *exec.ExitError
	if err := cmd.Run(); err != nil && (!errors.As(err, &exited) || exited.ExitCode() != 1) {
		return fmt.Errorf("make the run that is resumed: %w", err)
	}
	var started struct {
		Run string `json:"run"`
	}
	if err := json.Unmarshal(first.text, &started); err != nil || started.Run == "" {
		return fmt.Errorf("make the run that is resumed: it does not tell its id: %w", err)
	}
	c.command = command{
		args: []string{s.runbook, "resume", started.Run, "--store", path, "--json"}, status: 1,
		until: `"type":"step_started"`, prints: []string{`"type":"run_resumed"`},
	}
	return nil
}

// firstLine keeps the first line that is written to it and no more: the bench stays small, see doc.go.
type firstLine struct {
	text []byte
	over bool
}

func (f *firstLine) Write(b []byte) (int, error) {
	if !f.over {
		line, _, over := bytes.Cut(b, []byte("\n"))
		f.text, f.over = append(f.text, line...), over
	}
	return len(b), nil
}

// polls are steps that poll as long as they may: memory must not grow with how often. The shorter one is long enough for
// the collector to have begun its work.
func (s *setup) polls() (group, error) {
	g := group{title: "polls"}
	for i, seconds := range []int{8, 16} {
		name := fmt.Sprintf("poll every millisecond for %d s", seconds)
		id := fmt.Sprintf("poll-%d", seconds)
		file, err := writeRunbook(s.dir, id, pollFor(s.server, seconds))
		if err != nil {
			return group{}, err
		}
		c := &benchCase{name: name, command: s.apply(file, id)}
		c.prints, c.status = []string{"failed"}, 1
		if i > 0 {
			c.targets = []target{{metric: memory, limit: flat, base: g.cases[0].name}}
		}
		g.cases = append(g.cases, c)
	}
	return g, nil
}

// flat is how far memory may grow and still count as the same: the heap breathes.
const flat = 1.25

func pollFor(server string, seconds int) string {
	return fmt.Sprintf(`runbook "poll" {}

provider "http" {
  base_url = %q
}

step "http_request" "wait" {
  url = "/health"
  poll {
    until    = self.json.status == "done"
    interval = "1ms"
    timeout  = "%ds"
  }
}
`, server, seconds)
}
