//go:build !linux

package readable

import "io/fs"

// quiet reports whether a device is a character device that is no disk: which of them do nothing is not known here.
func quiet(info fs.FileInfo) bool { return info.Mode()&fs.ModeCharDevice != 0 }

// consumed is false: no file of these systems is known to be a queue.
func consumed(string) bool { return false }
