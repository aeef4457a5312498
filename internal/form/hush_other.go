//go:build !linux

package form

import (
	"errors"
	"io"
)

// hush can't be done here: how a terminal is told not to echo differs from system to system. The form needs no echo.
func hush(io.Reader) (echo func() error, err error) { return nil, errors.ErrUnsupported }

// keyByKey does nothing here, for the same reason: of what is typed, whole lines are thrown away.
func keyByKey(io.Reader) (back func() error, err error) { return func() error { return nil }, nil }
