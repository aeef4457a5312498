//go:build !linux

package local

import "os"

// keepAttributes knows of no extended attributes here.
func keepAttributes(*os.File, string) (lost []string) { return nil }
