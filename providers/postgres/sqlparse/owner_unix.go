//go:build unix

package sqlparse

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByUser reports whether a folder belongs to the user that this process runs as.
func ownedByUser(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
