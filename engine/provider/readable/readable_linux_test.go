package readable

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	file, link, gone, socket := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "gone"), filepath.Join(dir, "socket")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	for path, says := range map[string]string{
		file: "", gone: "", dir: "", "/dev/null": "", "/proc/meminfo": "", "/proc/self/status": "",
		"/dev/zero": "it is a device", link: "it is a device", socket: "it is a socket", "/proc/kmsg": "is gone for others",
	} {
		err := Check(path)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestDevices(t *testing.T) {
	for device, want := range map[[2]uint32]bool{
		{1, 3}: true, {5, 0}: true, {4, 1}: true, {136, 7}: true, // null, tty, tty1, pts
		{1, 5}: false, {1, 1}: false, {4, 64}: false, {10, 130}: false, {9, 0}: false, {5, 1}: false, // zero, mem, ttyS0, watchdog, tape, console
	} {
		if got := harmless(device[0], device[1]); got != want {
			t.Errorf("%v: %t", device, got)
		}
	}
}

func TestQueues(t *testing.T) {
	for _, c := range []struct {
		fileSystem int64
		name       string
		want       bool
	}{
		{unix.PROC_SUPER_MAGIC, "kmsg", true}, {unix.PROC_SUPER_MAGIC, "meminfo", false}, {unix.TRACEFS_MAGIC, "trace_pipe", true},
		{unix.DEBUGFS_MAGIC, "any", true}, {unix.EXT4_SUPER_MAGIC, "kmsg", false},
	} {
		if got := queue(c.fileSystem, c.name); got != c.want {
			t.Errorf("%x %s: %t", c.fileSystem, c.name, got)
		}
	}
}
