package chaos

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// mayMount runs the test in a process that may mount file systems, where this one may not: one whose user is root in a
// user namespace of its own. False says that it has been run there.
func mayMount(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 {
		return true
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%v: run it as root, or allow user namespaces: it has to mount a small disk\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

// smallDisk mounts a file system of a few megabytes.
func smallDisk(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fillUp writes until nothing more goes.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // the disk is full, which is what is wanted
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// diskBook makes its writes on another disk than its history, and goes on to others once the file is there.
const diskBook = `
runbook "disk" {}
step "local_write_file" "first" {
  path    = "MARKS/first"
  content = "x"
}
step "local_command" "fill" {
  depends_on = [step.first]
  command    = ["sh", "-c", FILL]
  timeout    = "1m"
}
step "local_command" "chatter" {
  for_each   = toset([for n in range(40) : tostring(n)])
  depends_on = [step.fill]
  command    = ["sh", "-c", "head -c 100000 /dev/urandom | base64; echo ${each.key} >> MARKS/chatter"]
  timeout    = "1m"
}
`

var diskFull = regexp.MustCompile(`(?i)full|no space`)

// TestDiskFullBefore starts on a disk that is full already: nothing may run, whether there was a history or not.
func TestDiskFullBefore(t *testing.T) {
	t.Parallel()
	if !mayMount(t) {
		return
	}
	dir, marks := smallDisk(t), t.TempDir()
	book := write(t, "disk.hcl", fill(diskBook, "MARKS", marks, "FILL", `"true"`))
	first := write(t, "first.hcl", `runbook "first" {}`)
	old := filepath.Join(dir, "old.db")
	if got := runProgram(t, "apply", first, "--store", old); got.status != 0 {
		t.Fatalf("status %d: %s", got.status, got.stderr)
	}
	fillUp(t, filepath.Join(dir, "filler"))
	for name, store := range map[string]string{"a new history": filepath.Join(dir, "runs.db"), "the same again": filepath.Join(dir, "runs.db"), "an old one": old} {
		got := runProgram(t, "apply", book, "--auto-approve", "--store", store)
		if got.status != 2 || !diskFull.MatchString(got.stderr) || !strings.Contains(got.stderr, store) || strings.Contains(got.stderr, "going on") {
			t.Errorf("%s: status %d, expected 2, why, and which file: %s", name, got.status, got.stderr)
		}
		if n := strings.Count(got.stderr, journal.ErrNoSpace.Error()); n > 1 {
			t.Errorf("%s: the cause is told %d times: %s", name, n, got.stderr)
		}
		t.Log(name, got.stderr)
	}
	if done, err := os.ReadDir(marks); err != nil || len(done) > 0 {
		t.Errorf("steps ran: %v %v", done, err)
	}
}

// TestDiskFullMidway fills the disk under a run. No write may start that can't be recorded, and what was recorded is read
// back once there is room again.
func TestDiskFullMidway(t *testing.T) {
	t.Parallel()
	if !mayMount(t) {
		return
	}
	dir, marks := smallDisk(t), t.TempDir()
	store, filler := filepath.Join(dir, "runs.db"), filepath.Join(dir, "filler")
	book := write(t, "disk.hcl", fill(diskBook, "MARKS", marks, "FILL", `"head -c 2000000 /dev/zero > `+filler+`; echo filled > `+marks+`/fill"`))
	got := runProgram(t, "apply", book, "--auto-approve", "--store", store)
	if got.status == 0 || got.status == 2 || !diskFull.MatchString(got.stderr) {
		t.Errorf("status %d, expected a failure after the start and why: %s", got.status, got.stderr)
	}
	if !strings.Contains(got.stderr, "Free space on the disk of "+store+", then go on with: runbook resume ") {
		t.Errorf("it does not say how to go on: %s", got.stderr)
	}
	t.Logf("status %d: %s", got.status, got.stderr)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	runs := runsOf(t, store, 10)
	if len(runs) != 1 {
		t.Fatalf("%d runs are kept", len(runs))
	}
	started := map[string]bool{}
	for _, e := range eventsOf(t, store, runs[0].ID) {
		if e.Type == run.StepStarted {
			started[e.Step] = true
		}
	}
	if !started["first"] || !started["fill"] {
		t.Errorf("what came before the disk was full is not kept: %v", started)
	}
	done, err := os.ReadFile(filepath.Join(marks, "chatter"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, key := range regexp.MustCompile(`\d+`).FindAllString(string(done), -1) {
		if !started[`chatter["`+key+`"]`] {
			t.Errorf(`chatter["%s"] was carried out and is not recorded as started`, key)
		}
	}
	t.Logf("%d steps are recorded as started, %d bytes of marks", len(started), len(done))
	for _, args := range [][]string{{"runs"}, {"show", runs[0].ID}} {
		if got := runProgram(t, append(args, "--store", store)...); got.status != 0 {
			t.Errorf("%v: status %d: %s", args, got.status, got.stderr)
		}
	}
}
