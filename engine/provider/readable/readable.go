package readable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Check says why a file must not be opened to read it; nil: it may be, or it is not there, which opening it tells. Links are followed.
// Its errors do not name the path.
func Check(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path // links such as /dev/stdin's lead to what has no path
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return nil //nolint:nilerr // whoever opens it meets the same
	case info.Mode()&fs.ModeSocket != 0:
		return errors.New("it is a socket, which can't be read")
	case info.Mode()&fs.ModeDevice != 0 && !quiet(info):
		return errors.New("it is a device, and to open one may do something")
	case info.Mode().IsRegular() && consumed(real):
		return fmt.Errorf("what is read from it is gone for others, so it is not opened")
	}
	return nil
}
