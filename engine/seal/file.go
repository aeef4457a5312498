package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"strings"
)

// maxKeyFile is more than any list of identities takes, in bytes.
const maxKeyFile = 1 << 20

// readKeys reads the key file. It must be a file of its owner's alone.
func readKeys(path string) (*keys, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s doesn't exist, and RUNBOOK_KEY is not set", ErrNoKey, path)
	case err != nil:
		return nil, fmt.Errorf("read the key: %w", err)
	}
	if err := checkFile(path, info); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	defer file.Close() //nolint:errcheck // it is only read
	// What was looked at must be what is read.
	if opened, err := file.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, errors.Join(fmt.Errorf("the key %s was replaced while it was read; try again", path), err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the key: %w", err)
	case len(text) > maxKeyFile:
		return nil, fmt.Errorf("the file %s is too long for a key", path)
	case len(text) == 0:
		return nil, fmt.Errorf("the key file %s is empty: restore it from a backup, or delete it for a new one, "+
			"with which the sensitive results of past runs can't be read", path)
	}
	return parseKeys(string(text), "the key file "+path)
}

// checkFile refuses what others may read or put in place of the key.
func checkFile(path string, info fs.FileInfo) error {
	mode := info.Mode()
	switch {
	case mode&fs.ModeSymlink != 0:
		return fmt.Errorf("the key %s is a symbolic link: put the file itself there, or pass what is in it in RUNBOOK_KEY", path)
	case mode.IsDir():
		return fmt.Errorf("the key %s is a folder: remove it, and a key is made in its place", path)
	case !mode.IsRegular():
		return fmt.Errorf("the key %s is not a file (its mode is %s)", path, mode)
	}
	if owner := foreignOwner(info); owner != "" {
		return fmt.Errorf("the key %s belongs to another user (%s): make it yours alone with chown and chmod 600, "+
			"or pass a key in RUNBOOK_KEY", path, owner)
	}
	// Windows has no such modes: the folder of the user protects the file there.
	if runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return fmt.Errorf("the key %s can be used by others (its mode is %04o): make it yours alone with chmod 600 %s. "+
			"Where others may have read it, deleting it gives a new one, but then no encrypted value of the runs so far can be read any more", path, mode.Perm(), word(path))
	}
	return nil
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./@%+=:,-]+$`)

// word writes a path as a shell takes it.
func word(path string) string {
	if plainWord.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
