package local

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// begunError is of a write that may have taken place in part.
type begunError struct{ error }

func (e begunError) Unwrap() error { return e.error }

// writeError is a failed write. Nothing was done unless the error says that it had begun.
func writeError(op, path string, err error) error {
	failed := fileError(op, path, err)
	if begun, ok := errors.AsType[begunError](err); ok {
		failed.Err, failed.NothingDone = reason(begun.error), false
	}
	return failed
}

// elsewhere are trees that hold no files one could replace: what stands there are the kernel's settings, devices, and
// what this process itself has open.
var elsewhere = []string{"/proc", "/sys", "/dev"}

// find says which file a path means, and how it is. A link stays one: what it points to is meant, be it there or not.
func (c *client) find(op, path string) (string, *fileState, error) {
	real, err := follow(path)
	if err != nil {
		return "", nil, fileError(op, path, err)
	}
	for _, p := range []string{path, real} {
		if tree := treeWithoutFiles(p); tree != "" {
			failed := fileError(op, path, fmt.Errorf("there are no files to write in %s", tree))
			failed.Permanent = true
			failed.Hint = "What sets it can be run with local_command."
			return "", nil, failed
		}
	}
	state, err := look(real)
	if err != nil {
		return "", nil, fileError(op, real, err)
	}
	return real, state, nil
}

// maxLinks is how many links lead to a file at most, as in the kernel.
const maxLinks = 40

// follow resolves all links of a path whose end need not exist.
func follow(path string) (string, error) {
	for range maxLinks {
		real, err := filepath.EvalSymlinks(path)
		if err == nil || !errors.Is(err, os.ErrNotExist) {
			return real, err
		}
		target, err := os.Readlink(path)
		if err != nil { // it is no link: the folder may hold some
			folder := filepath.Dir(path)
			if folder == path {
				return path, nil
			}
			real, err := follow(folder)
			return filepath.Join(real, filepath.Base(path)), err
		}
		path = absolute(filepath.Dir(path), target)
	}
	return "", errors.New("too many links lead to one another")
}

// replace puts a new file in the place of the old one: whoever reads sees the one or the other, and a full disk leaves
// the old one as it was. A write that a crash has cut off leaves a file of its own beside it, which the next attempt with
// the same key takes away. It warns of what the new file does not have of the old one.
func replace(path, key string, old *fileState, content []byte, mode os.FileMode, warn func(format string, args ...any)) (err error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	temporary, err := besides(path, key)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temporary.Close() // it may be closed already
			if _, begun := errors.AsType[begunError](err); !begun {
				err = errors.Join(err, os.Remove(temporary.Name()))
			}
		}
	}()
	if _, err := temporary.Write(content); err != nil {
		return err
	}
	lost, err := old.handOn(temporary, path, mode)
	if err != nil {
		return err
	}
	if err := temporary.Sync(); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	if len(lost) > 0 {
		warn("the file was replaced without some of its extended attributes: %s", strings.Join(lost, ", "))
	}
	if n := namesOf(old.info); n > 1 {
		warn("the file had %d names (hard links) and was replaced under this one: the others keep the old content", n)
	}
	return settle(folder)
}

// handOn gives a new file what the one at path has beside its content. The system may not let it keep some attributes.
func (s *fileState) handOn(f *os.File, path string, mode os.FileMode) (lost []string, err error) {
	if err := keepOwner(f, s.info); err != nil {
		return nil, err
	}
	if s.exists {
		lost = keepAttributes(f, path) // after the owner, whose change may take some away
	}
	return lost, f.Chmod(mode) // which is what the access list was made for, or is to be another
}

// besides makes the file that will take the place of another.
func besides(path, key string) (*os.File, error) {
	folder, name := filepath.Dir(path), "."+filepath.Base(path)+"."
	if key == "" {
		return os.CreateTemp(folder, name+"*")
	}
	name = filepath.Join(folder, fmt.Sprintf("%s%x", name, sha256.Sum256([]byte(key)))[:len(name)+16])
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// settle writes a folder's list of files to the disk: only then does a change of names outlive a power cut.
func settle(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return begunError{err}
	}
	defer func() { _ = d.Close() }() // it was only read
	if err := d.Sync(); err != nil {
		return begunError{err}
	}
	return nil
}

// add writes to the end of a file that others may be writing to as well.
func add(path string, content []byte, mode os.FileMode) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); e != nil && err == nil {
			err = begunError{e}
		}
	}()
	if n, err := f.Write(content); err != nil {
		if n == 0 {
			return err
		}
		return begunError{fmt.Errorf("only %d of %d bytes were added: %w", n, len(content), reason(err))}
	}
	if err := f.Chmod(mode); err != nil {
		return begunError{err}
	}
	if err := f.Sync(); err != nil {
		return begunError{err}
	}
	return nil
}

// remove takes a file away.
func remove(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return settle(filepath.Dir(path))
}
