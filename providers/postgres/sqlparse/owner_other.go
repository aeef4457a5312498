//go:build !unix

package sqlparse

import "io/fs"

// ownedByUser can't be told here; the user's own profile keeps others out.
func ownedByUser(fs.FileInfo) bool { return true }
