package form

import (
	"io"

	"golang.org/x/sys/unix"
)

// hush has the terminal not echo what is typed, until echo. Of what is no terminal, nothing is echoed.
func hush(in io.Reader) (echo func() error, err error) {
	return set(in, func(mode *unix.Termios) { mode.Lflag &^= unix.ECHO | unix.ECHONL })
}

// keyByKey has the terminal pass on each key, and echo none, until back.
func keyByKey(in io.Reader) (back func() error, err error) {
	return set(in, func(mode *unix.Termios) {
		mode.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON
		mode.Cc[unix.VMIN], mode.Cc[unix.VTIME] = 1, 0
	})
}

// set changes how a terminal reads what is typed, until back.
func set(in io.Reader, change func(mode *unix.Termios)) (back func() error, err error) {
	f, ok := in.(interface{ Fd() uintptr })
	if !ok {
		return func() error { return nil }, nil
	}
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	changed := *before
	change(&changed)
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &changed); err != nil {
		return nil, err
	}
	return func() error { return unix.IoctlSetTermios(fd, unix.TCSETS, before) }, nil
}
