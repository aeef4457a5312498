package readable

import (
	"io/fs"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// quiet reports whether a device is a terminal without a line behind it, or /dev/null, of which opening is no act ("Linux allocated
// devices" in the kernel's documentation).
func quiet(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode()&fs.ModeCharDevice == 0 {
		return false
	}
	device := uint64(stat.Rdev) //nolint:unconvert // of another width on some architectures
	return harmless(unix.Major(device), unix.Minor(device))
}

func harmless(major, minor uint32) bool {
	const firstSerial = 64
	switch major {
	case 1: // memory
		return minor == 3 // null
	case 4:
		return minor < firstSerial
	case 5:
		return minor == 0 // the process's own
	}
	return major >= 136 && major <= 143 // pseudo terminals
}

// consumed reports whether a regular file, by its mode, is a queue of the kernel's. It goes by the kind of file system, since these
// may be mounted anywhere.
func consumed(path string) bool {
	var stat unix.Statfs_t
	if unix.Statfs(path, &stat) != nil {
		return false // opening it tells
	}
	return queue(int64(stat.Type), filepath.Base(path)) //nolint:unconvert // of another width on some architectures
}

func queue(fileSystem int64, name string) bool {
	switch fileSystem {
	case unix.PROC_SUPER_MAGIC:
		return name == "kmsg"
	case unix.TRACEFS_MAGIC, unix.DEBUGFS_MAGIC: // each file there is what its author liked
		return true
	}
	return false
}
