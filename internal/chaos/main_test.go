package chaos

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/e82355ed/runbook/engine/journal/stores"
	"github.com/e82355ed/runbook/internal/cli"
	"github.com/e82355ed/runbook/providers/builtin"
)

// long has the tests try every case; otherwise they take a sample.
var long = flag.Bool("long", false, "try every case, as make chaos does")

// sample is how many cases a test tries.
func sample(short, all int) int {
	if *long {
		return all
	}
	return short
}

// TestMain lets this binary be the program too, under its name, so that there are processes to kill.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"runbook":      func() { os.Exit(cli.Main(system())) },
		"runbook-dies": diesAt,
	})
}

// system is the program as cmd/runbook makes it.
func system() *cli.Program {
	p := cli.System(builtin.Registry, stores.Open)
	p.OpenHistory = stores.OpenReadOnly
	p.Secrets = builtin.Secrets()
	return p
}

// ended is how a process of the program ended.
type ended struct {
	status         int // -1: by a signal
	stdout, stderr string
}

// command prepares the program as a process. Its environment is empty but for a home, so that the machine's own files
// don't matter.
func command(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(ctx, "runbook", args...)
	c.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "USER=chaos", "TZ=UTC"}
	return c
}

// runProgram runs the program to its end.
func runProgram(t *testing.T, args ...string) ended {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return await(t, command(ctx, t, args...))
}

// await runs a process and tells how it ended. A status is a result, not an error.
func await(t *testing.T, c *exec.Cmd) ended {
	t.Helper()
	return awaitTo(t, c, io.Discard)
}

// awaitTo is await with somebody who sees the output as it comes.
func awaitTo(t *testing.T, c *exec.Cmd, out io.Writer) ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = io.MultiWriter(&stdout, out), &stderr
	err := c.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Errorf("%s: %v", c.Path, err)
		return ended{status: -1}
	}
	return ended{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
