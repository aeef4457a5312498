package postgres

import "os"

// exist reports whether every path names something that is there.
func exist(paths ...string) bool {
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return false
		}
	}
	return true
}
