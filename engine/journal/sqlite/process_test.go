package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/process"
)

// roleVariable has the test's own program act as another process.
const roleVariable = "JOURNAL_TEST_ROLE"

func TestMain(m *testing.M) {
	role, path, found := strings.Cut(os.Getenv(roleVariable), ":")
	if !found {
		os.Exit(m.Run())
	}
	if err := roles[role](path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

var roles = map[string]func(path string) error{"hold": hold, "write": writeRuns, "read": readRuns}

// ttl is that of the leases here.
const ttl = 300 * time.Millisecond

// hold takes a lock, says so, and renews when it is told to.
func hold(path string) error {
	ctx := context.Background()
	j, err := Open(ctx, path)
	if err != nil {
		return err
	}
	lease, _, err := j.Acquire(ctx, "deploy", process.Self().Owner("01A", "daily", "alice"), ttl, nil)
	if err != nil {
		return err
	}
	fmt.Println("held")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		switch err := lease.Renew(ctx); {
		case err == nil:
			fmt.Println("renewed")
		case errors.Is(err, journal.ErrLeaseLost):
			fmt.Println("lost")
		default:
			return err
		}
	}
	return nil
}

// writeRuns writes 25 runs at once.
func writeRuns(path string) error {
	ctx := context.Background()
	j, err := Open(ctx, path)
	if err != nil {
		return err
	}
	failures := make(chan error)
	const runs = 25
	for i := range runs {
		go func() {
			id := fmt.Sprintf("01%07d%03d", os.Getpid(), i)
			err := j.Append(ctx, id, []journal.Entry{started(id)})
			for seq := int64(2); seq <= 20 && err == nil; seq++ {
				err = errors.Join(j.Append(ctx, id, []journal.Entry{finished(id, seq)}), j.Sync(ctx))
			}
			failures <- err
		}()
	}
	var failed error
	for range runs {
		failed = errors.Join(failed, <-failures)
	}
	return errors.Join(failed, j.Close())
}

// readRuns lists the runs without the right to write.
func readRuns(path string) error {
	ctx := context.Background()
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		return errors.Join(errors.New("the file can be written"), f.Close())
	}
	j, err := OpenReadOnly(ctx, path)
	if err != nil {
		fmt.Println(err)
		return nil
	}
	report, err := journal.Check(ctx, j)
	fmt.Printf("%d of %d %v\n", report.Readable, report.Runs, report.Problems)
	return errors.Join(err, j.Close())
}

// start runs a role in a process of its own.
func start(t *testing.T, role, path string, attr *syscall.SysProcAttr) (cmd *exec.Cmd, in io.WriteCloser, out *bufio.Reader) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if attr != nil {
		program = lend(t, program, filepath.Dir(path))
	}
	cmd = exec.CommandContext(t.Context(), program)
	cmd.Env, cmd.SysProcAttr = append(os.Environ(), roleVariable+"="+role+":"+path), attr
	if in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, bufio.NewReader(pipe)
}

// lend copies a program to where another user may run it.
func lend(t *testing.T, program, dir string) string {
	t.Helper()
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "program")
	if err := os.WriteFile(copied, content, 0o755); err != nil {
		t.Fatal(err)
	}
	return copied
}

// tell has the other process do its next thing.
func tell(t *testing.T, in io.Writer) {
	t.Helper()
	if _, err := fmt.Fprintln(in); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, out *bufio.Reader, want string) {
	t.Helper()
	got, err := out.ReadString('\n')
	if strings.TrimSpace(got) != want {
		t.Fatalf("the other process says %q (%v), want %q", got, err, want)
	}
}

// overtake takes the lock as who has looked what a holder that is gone left behind.
func overtake(t *testing.T, j journal.Journal) (*journal.Lock, error) {
	t.Helper()
	_, from, err := j.Acquire(t.Context(), "deploy", self(), time.Minute, nil)
	var locked *journal.LockedError
	if errors.As(err, &locked) && locked.Lock.Gone {
		_, from, err = j.Acquire(t.Context(), "deploy", self(), time.Minute, &locked.Lock)
	}
	return from, err
}

func self() journal.Owner { return process.Self().Owner("01B", "daily", "bob") }

// TestKilledHolder: a lock is free as soon as its holder is dead, long before the lease is over.
func TestKilledHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	j := open(t, path)
	cmd, _, out := start(t, "hold", path, nil)
	expect(t, out, "held")
	if _, _, err := j.Acquire(t.Context(), "deploy", self(), time.Minute, nil); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("beside a living holder: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it was not killed")
	}
	from, err := overtake(t, j)
	if err != nil || from == nil || from.Owner.PID != cmd.Process.Pid {
		t.Errorf("taken from %+v, %v", from, err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// TestStoppedHolder: a holder that stands still loses its lock with its lease, and finds out when it goes on.
func TestStoppedHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	j := open(t, path)
	cmd, in, out := start(t, "hold", path, nil)
	expect(t, out, "held")
	tell(t, in)
	expect(t, out, "renewed")
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		from, err := overtake(t, j)
		if err == nil {
			if !from.Gone || from.Owner.PID != cmd.Process.Pid {
				t.Errorf("taken from %+v", from)
			}
			break
		}
		if !errors.Is(err, journal.ErrLocked) {
			t.Fatal(err)
		}
		<-retry.C
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	tell(t, in)
	expect(t, out, "lost")
	if err := errors.Join(in.Close(), cmd.Wait(), j.Close()); err != nil {
		t.Error(err)
	}
}

// TestCrowdOfProcesses: 100 runs in four processes on one file.
func TestCrowdOfProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	j := open(t, path)
	var all []*exec.Cmd
	var outs []*bufio.Reader
	for range 4 {
		cmd, _, out := start(t, "write", path, nil)
		all, outs = append(all, cmd), append(outs, out)
	}
	for i, cmd := range all {
		said, err := io.ReadAll(outs[i])
		if err := errors.Join(err, cmd.Wait()); err != nil {
			t.Errorf("%v: %s", err, said)
		}
	}
	report, err := journal.Check(t.Context(), j)
	if err != nil || report.Readable != 100 || !report.Sound() {
		t.Errorf("%+v, %v", report, err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// TestReadWithoutTheRightToWrite has another user read: a closed file, and one that is being written.
func TestReadWithoutTheRightToWrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // it is closed to others
		t.Fatal(err)
	}
	path := filepath.Join(dir, "runs.db")
	j := open(t, path)
	if err := errors.Join(j.Append(t.Context(), "01A", []journal.Entry{started("01A")}), j.Sync(t.Context())); err != nil {
		t.Fatal(err)
	}
	var attr *syscall.SysProcAttr
	if os.Getuid() == 0 {
		const nobody = 65534
		attr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	look := func(says string) {
		t.Helper()
		for _, name := range []string{"", "-wal", "-shm"} {
			if err := os.Chmod(path+name, 0o444); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		cmd, _, out := start(t, "read", path, attr)
		if said, err := out.ReadString('\n'); err != nil || !strings.Contains(said, says) {
			t.Errorf("%q, %v, want %q", said, err, says)
		}
		if err := errors.Join(cmd.Wait(), os.Chmod(dir, 0o755)); err != nil {
			t.Error(err)
		}
	}
	look("1 of 1 []")
	log, err := os.ReadFile(logOf(path))
	if err = errors.Join(err, j.Close()); err != nil {
		t.Fatal(err)
	}
	look("1 of 1 []")
	// A log whose program is gone, without the memory that it shared.
	if err := os.WriteFile(logOf(path), log, 0o600); err != nil {
		t.Fatal(err)
	}
	look("copy both to a folder of your own")
}
