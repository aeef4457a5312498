package form

import (
	"io"

	"golang.org/x/sys/unix"
)

// hush has the terminal not echo what is typed, until echo. Of what is no terminal, nothing is echoed.
func hush(in io.Reader) (echo func() error, err error) {
	f, ok := in.(interface{ Fd() uintptr })
	if !ok {
		return func() error { return nil }, nil
	}
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	quiet := *before
	quiet.Lflag &^= unix.ECHO | unix.ECHONL
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		return nil, err
	}
	return func() error { return unix.IoctlSetTermios(fd, unix.TCSETS, before) }, nil
}
