package lang

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/e82355ed/runbook/engine/provider/readable"
)

// pipeWait bounds how long a pipe is waited for: nobody may ever write to it, and an expression has no timeout. A shell's
// <(command) is a pipe too.
const pipeWait = 15 * time.Second

// open opens a file to read it, a pipe within wait. What is read from a pipe has to be there as long after that.
func open(path string, wait time.Duration) (*os.File, error) {
	if err := readable.Check(path); err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return os.Open(path)
	}
	type opened struct {
		file *os.File
		err  error
	}
	begun := make(chan opened, 1)
	go func() {
		f, err := os.Open(path) // which lasts until there is a writer
		begun <- opened{f, err}
	}()
	over := time.NewTimer(wait)
	defer over.Stop()
	select {
	case o := <-begun:
		if o.err != nil {
			return nil, o.err
		}
		return o.file, o.file.SetReadDeadline(time.Now().Add(wait))
	case <-over.C:
	}
	// As a writer that writes nothing, it ends the wait of the goroutine.
	writer, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err == nil {
		o := <-begun
		err = o.err
		if o.file != nil {
			err = errors.Join(err, o.file.Close())
		}
		err = errors.Join(err, writer.Close())
	}
	return nil, errors.Join(fmt.Errorf("it is a pipe, and nobody wrote to it within %s", wait), err)
}
