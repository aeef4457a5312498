package lang

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A pipe is read like a file, as a shell's <(command) is one. Who waits for one that nobody writes, or nobody closes, is told so.
func TestReadPipe(t *testing.T) {
	const limit = 1 << 10
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}

	written := make(chan error, 1)
	go func() { written <- os.WriteFile(pipe, []byte("sealed"), 0o600) }()
	got, err := readBounded(pipe, limit, time.Minute)
	if string(got) != "sealed" || err != nil {
		t.Errorf("what was written to the pipe is read as %q, %v", got, err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}

	if _, err := readBounded(pipe, limit, time.Millisecond); err == nil || !strings.Contains(err.Error(), "nobody wrote to it within 1ms") {
		t.Errorf("a pipe that nobody writes: %v", err)
	}

	writer, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readBounded(pipe, limit, 100*time.Millisecond); err == nil || !strings.Contains(err.Error(), "did not close it within 100ms") {
		t.Errorf("a pipe that nobody closes: %v", err)
	}
	if err := errors.Join(writer.Close(), os.Remove(pipe)); err != nil {
		t.Fatal(err)
	}
}

// TestReadDevice: to open a device may do something, and nobody has asked for more than a look.
func TestReadDevice(t *testing.T) {
	if _, err := readBounded("/dev/zero", 1<<10, time.Minute); err == nil || !strings.Contains(err.Error(), "it is a device") {
		t.Errorf("a device: %v", err)
	}
	if got, err := readBounded(os.DevNull, 1<<10, time.Minute); len(got) > 0 || err != nil {
		t.Errorf("the null device: %q, %v", got, err)
	}
}
