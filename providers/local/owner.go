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
