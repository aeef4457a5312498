package form

import (
	"io"

	"golang.org/x/sys/unix"
)

// discardTyped throws away what was typed and not read yet, where in is a terminal.
func discardTyped(in io.Reader) {
	if f, ok := in.(interface{ Fd() uintptr }); ok {
		// Of what is no terminal, nothing was typed.
		_ = unix.IoctlSetInt(int(f.Fd()), unix.TCFLSH, unix.TCIFLUSH)
	}
}
