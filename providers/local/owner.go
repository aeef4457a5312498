package local

import (
	"fmt"
	"os"
	"syscall"
)

// keepOwner gives a new file the owner and group of the one that it replaces.
func keepOwner(f *os.File, old os.FileInfo) error {
	if old == nil {
		return nil
	}
	theirs, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if ours, ok := info.Sys().(*syscall.Stat_t); ok && ours.Uid == theirs.Uid && ours.Gid == theirs.Gid {
		return nil
	}
	if err := f.Chown(int(theirs.Uid), int(theirs.Gid)); err != nil {
		return fmt.Errorf("keep the file's owner %d:%d: %w", theirs.Uid, theirs.Gid, err)
	}
	return nil
}

// namesOf is how many names a file has; 1: also where the system does not say.
func namesOf(info os.FileInfo) uint64 {
	if info == nil {
		return 1
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Nlink) //nolint:unconvert // it is narrower on other systems
	}
	return 1
}
