package process

import (
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
)

func TestParse(t *testing.T) {
	tail := " 1 5 5 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 8 0 4711 1000 200 18446744073709551615"
	for name, c := range map[string]struct {
		stat  string
		state byte
		ticks uint64
	}{
		"a plain one":                {"5 (runbook) S" + tail, 'S', 4711},
		"a name with parentheses":    {"5 (a) R (b)) Z" + tail, 'Z', 4711},
		"a name with a line's end":   {"5 (a\n) R) T" + tail, 'T', 4711},
		"cut off":                    {"5 (runbook) S 1 5", '?', 0},
		"nothing":                    {"", '?', 0},
		"something else in the file": {"5 (runbook) S a b c d e f g h i j k l m n o p q r s t u v", '?', 0},
	} {
		t.Run(name, func(t *testing.T) {
			state, ticks := parse([]byte(c.stat))
			if state != c.state || ticks != c.ticks {
				t.Errorf("got %c %d, want %c %d", state, ticks, c.state, c.ticks)
			}
		})
	}
}

// child is a process that ends when its standard input does.
func child(t *testing.T) (*exec.Cmd, io.Closer, journal.Owner) {
	t.Helper()
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	self := Self()
	start, alive := started(cmd.Process.Pid)
	if !alive || start == 0 {
		t.Fatalf("a child that runs: alive %v, started at %d", alive, start)
	}
	return cmd, in, journal.Owner{Host: self.Host, Boot: self.Boot, PID: cmd.Process.Pid, ProcessStart: start}
}

func TestGone(t *testing.T) {
	self := Self()
	if self.Boot == "" || self.Start == 0 || self.Uptime() == 0 {
		t.Fatalf("this process is not known: %+v", self)
	}
	if self.Gone(self.Owner("01A", "", "")) {
		t.Error("this process is gone")
	}
	cmd, in, owner := child(t)
	if self.Gone(owner) {
		t.Error("a process that lives is gone")
	}
	reused := owner
	reused.ProcessStart--
	if !self.Gone(reused) {
		t.Error("a number that was given to another process is taken for the old one")
	}
	elsewhere := reused
	elsewhere.Boot = "another boot"
	if self.Gone(elsewhere) {
		t.Error("a process of another machine is said to be gone")
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if !self.Gone(owner) {
		t.Error("a process that ended is not gone")
	}
}

func TestGoneBeforeItsParentAsks(t *testing.T) {
	self := Self()
	cmd, _, owner := child(t)
	if err := cmd.Process.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	for !self.Gone(owner) && t.Context().Err() == nil {
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it was not killed")
	}
}
