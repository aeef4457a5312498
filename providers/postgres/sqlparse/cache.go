package sqlparse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tetratelabs/wazero"
)

// CacheDir is the program's folder for what can be made again, after the XDG base directory specification: below
// $XDG_CACHE_HOME, else ~/.cache. It is empty where there is neither.
func CacheDir(cacheHome, home string) string {
	if !filepath.IsAbs(cacheHome) {
		if home == "" {
			return ""
		}
		cacheHome = filepath.Join(home, ".cache")
	}
	return filepath.Join(cacheHome, "runbook", "sqlparse")
}

// Keeps reports whether a compiled parser can be kept in a folder, which it makes where it is missing; an error says why not.
func Keeps(dir string) error {
	cache, err := openCache(dir)
	if err != nil {
		return err
	}
	return cache.Close(context.Background())
}

// openCache opens the folder and makes it where it is missing. What it holds is run as machine code, so nobody but the
// user may write there; one that others can write to is not used.
func openCache(dir string) (wazero.CompilationCache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the parser's cache: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("look at the parser's cache: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 || !ownedByUser(info) {
		return nil, errors.New("the parser's cache is not the user's alone")
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open the parser's cache: %w", err)
	}
	return cache, nil
}
