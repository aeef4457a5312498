package lab

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

func TestStartFromStat(t *testing.T) {
	fields := " S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 100 200"
	for name, test := range map[string]struct {
		stat, want string
		dead       bool
	}{
		"plain":              {stat: "42 (sleep)" + fields, want: "4711"},
		"name with blanks":   {stat: "42 (tmux: server) x)" + fields, want: "4711"},
		"zombie":             {stat: "42 (sleep) Z 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 100 200", dead: true},
		"threads are left":   {stat: "42 (sleep) Z 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 4711 100 200", want: "4711"},
		"name like a zombie": {stat: "42 (a) Z 1)" + fields, want: "4711"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := startFromStat([]byte(test.stat))
			if errors.Is(err, errNoProcess) != test.dead || got != test.want {
				t.Errorf("startFromStat(%q) = %q, %v", test.stat, got, err)
			}
		})
	}
	for _, broken := range []string{"", "42 (sleep) S 1"} {
		if got, err := startFromStat([]byte(broken)); err == nil {
			t.Errorf("startFromStat(%q) = %q, want an error", broken, got)
		}
	}
}

func TestProcessStartTellsProcessesApart(t *testing.T) {
	self, err := processStart(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := processStart(os.Getpid()); err != nil || again != self {
		t.Errorf("processStart of the same process = %q, %v, then %q", again, err, self)
	}
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	pid := child.Process.Pid
	r := record{PID: pid}
	if r.Start, err = processStart(pid); err != nil {
		t.Fatal(err)
	}
	if !r.alive() {
		t.Error("a running child is not alive")
	}
	if other := (record{PID: pid, Start: r.Start + "0"}); other.alive() {
		t.Error("a process with another start is taken for the recorded one")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // reports the kill
	if r.alive() {
		t.Error("a dead child is alive")
	}
}
