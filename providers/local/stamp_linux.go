package local

import (
	"os"
	"syscall"
)

// stampOf tells a file, or a folder, from the same one after any change of it; nil: the file system does not say.
func stampOf(info os.FileInfo) *fileStamp {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return &fileStamp{Inode: s.Ino, ChangedNS: s.Ctim.Nano()}
}
