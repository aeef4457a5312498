//go:build unix

package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// foreignOwner names who owns a file, where that is not the user that this process runs as.
func foreignOwner(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Geteuid() {
		return ""
	}
	return fmt.Sprintf("number %d, and this is number %d", stat.Uid, os.Geteuid())
}

// syncDir puts on disk that a file is in a folder. Not all file systems can.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}
