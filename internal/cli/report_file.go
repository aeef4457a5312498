package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/e82355ed/runbook/internal/report"
)

// reportFile is a report to write.
type reportFile struct{ format, path string }

// standardOutput and standardError are the names of the program's own streams: what is opened under these names begins a file anew that the
// shell had them go to.
var (
	standardOutput = []string{"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}
	standardError  = []string{"/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"}
)

// look refuses a file that can't be written, while nothing has run yet.
func (f reportFile) look() error {
	if f.isStream() {
		return nil
	}
	info, err := os.Stat(f.path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder; name a file in it, such as %s", f.path, filepath.Join(f.path, "report."+extensions[f.format]))
	case err == nil && !info.Mode().IsRegular():
		return nil // a pipe or a device is opened once there is something to write
	case err == nil:
		if err := f.lookAtFile(); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("it can't be written: %w", cause(err))
	}
	return f.lookAtFolder()
}

// lookAtFile refuses a file that may not be replaced.
func (f reportFile) lookAtFile() error {
	file, err := os.OpenFile(f.path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("it can't be written: %w", cause(err))
	}
	if err := file.Close(); err != nil {
		return err
	}
	if file, err = os.Open(f.path); errors.Is(err, fs.ErrPermission) {
		return nil // no history of this user is like that
	} else if err != nil {
		return err
	}
	beginning := make([]byte, len(databaseMark))
	_, err = io.ReadFull(file, beginning)
	switch {
	case err == nil && string(beginning) == databaseMark:
		err = errors.New("it is a database, such as a history; name another file")
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		err = nil
	}
	return errors.Join(err, file.Close())
}

// databaseMark is what a database of SQLite begins with (https://www.sqlite.org/fileformat.html).
const databaseMark = "SQLite format 3\x00"

// lookAtFolder refuses a folder in which no file can be made.
func (f reportFile) lookAtFolder() error {
	target, err := f.target()
	if err != nil {
		return err
	}
	folder := filepath.Dir(target)
	if info, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %s does not exist; make it first, or name another file", folder)
	} else if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is no folder; name another file", folder)
	}
	probe, err := beside(target)
	if err != nil {
		return fmt.Errorf("no file can be made in the folder %s: %w", folder, cause(err))
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// cause is an error of the system without the name of the file, which is told beside it.
func cause(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// extensions are the usual ends of the names of reports.
var extensions = map[string]string{"junit": "xml", "markdown": "md", "html": "html", "json": "json", "tap": "tap"}

func (f reportFile) isStream() bool {
	return slices.Contains(standardOutput, f.path) || slices.Contains(standardError, f.path)
}

// target is the file itself where the path is a link to it.
func (f reportFile) target() (string, error) {
	info, err := os.Lstat(f.path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return f.path, nil //nolint:nilerr // it is to be made
	}
	target, err := filepath.EvalSymlinks(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is a link to what is not there; name the file itself", f.path)
	}
	return target, err
}

// sameAs reports whether a path leads to the same file, be it there yet or not.
func (f reportFile) sameAs(path string) bool {
	one, err := os.Stat(f.path)
	other, otherErr := os.Stat(path)
	if err == nil && otherErr == nil && one.Mode().IsRegular() {
		return os.SameFile(one, other)
	}
	return wholePath(f.path) == wholePath(path)
}

// among is the first of some paths that leads to the same file; empty: none does.
func (f reportFile) among(paths []string) string {
	for _, path := range paths {
		if path != "" && f.sameAs(path) {
			return path
		}
	}
	return ""
}

// spares is an error where it would take the place of a file that the run has read or written.
func (f reportFile) spares(used []string) error {
	if path := f.among(used); path != "" {
		return fmt.Errorf("it would take the place of %s, which the run uses; name another file", path)
	}
	return nil
}

// wholePath is an absolute path, with the links in its folder followed.
func wholePath(path string) string {
	whole, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(whole)); err == nil {
		return filepath.Join(folder, filepath.Base(whole))
	}
	return whole
}

// write writes the report: a file in one go, so that nobody reads half of one, and anything else as it comes.
func (f reportFile) write(p *Program, document *report.Run) error {
	if f.isStream() {
		return f.toStream(p, document)
	}
	if info, err := os.Stat(f.path); err == nil && !info.Mode().IsRegular() {
		return f.toDevice(document)
	}
	target, err := f.target()
	if err != nil {
		return err
	}
	file, err := beside(target)
	if err != nil {
		return err
	}
	err = report.Write(file, f.format, document)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = keepMode(target, file.Name())
	}
	if err == nil {
		err = os.Rename(file.Name(), target)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(file.Name()))
	}
	return err
}

// keepMode gives a new file the rights of the one whose place it takes.
func keepMode(old, file string) error {
	info, err := os.Stat(old)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Chmod(file, info.Mode().Perm())
}

// beside makes an empty file in the folder of another, with the rights that the user gives to new files.
func beside(path string) (*os.File, error) {
	name := filepath.Join(filepath.Dir(path), ".runbook-report-"+rand.Text()+".tmp")
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

// toStream writes to one of the program's own streams, after what was printed before.
func (f reportFile) toStream(p *Program, document *report.Run) error {
	printed, bare := p.Out, p.bareOut
	if slices.Contains(standardError, f.path) {
		printed, bare = p.Err, io.Writer(p.errGate)
	}
	if held, ok := printed.(interface{ Flush() error }); ok {
		if err := held.Flush(); err != nil {
			return err
		}
	}
	return report.Write(bare, f.format, document)
}

// pipePatience is how long a pipe is waited for that nobody reads yet.
const pipePatience = 3 * time.Second

// toDevice writes to a pipe or a device. To open a pipe waits for who reads it.
func (f reportFile) toDevice(document *report.Run) error {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := os.OpenFile(f.path, os.O_WRONLY, 0)
		done <- opened{file, err}
	}()
	patience := time.NewTimer(pipePatience)
	defer patience.Stop()
	var to opened
	select {
	case to = <-done:
	case <-patience.C:
		return f.nobodyReads(func() error { to = <-done; return errors.Join(to.err, to.file.Close()) })
	}
	if to.err != nil {
		return to.err
	}
	return errors.Join(report.Write(to.file, f.format, document), to.file.Close())
}

// nobodyReads reads the pipe for a moment, so that what waits to write it goes on, and gives it up.
func (f reportFile) nobodyReads(giveUp func() error) error {
	reader, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	return errors.Join(errors.New("nobody reads the pipe"), giveUp(), reader.Close())
}
