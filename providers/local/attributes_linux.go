package local

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// accessList is where a file system keeps the access list of a file.
const accessList = "system.posix_acl_access"

// keepAttributes gives a new file the extended attributes of the one that it replaces, such as its access list, labels and capabilities, and
// takes an access list away that only its folder gave it. It says which the system did not let it keep.
func keepAttributes(f *os.File, from string) (lost []string) {
	names, err := listOf(func(to []byte) (int, error) { return unix.Listxattr(from, to) })
	switch {
	case errors.Is(err, unix.ENOTSUP):
		return nil
	case err != nil:
		return []string{"all, which can't be listed (" + err.Error() + ")"}
	}
	to, all := int(f.Fd()), strings.FieldsFunc(string(names), func(r rune) bool { return r == 0 })
	for _, name := range all {
		// Those that the kernel makes of the content are not the new one's.
		if name == "security.ima" || name == "security.evm" {
			continue
		}
		was, err := listOf(func(to []byte) (int, error) { return unix.Getxattr(from, name, to) })
		if err == nil {
			is, missing := listOf(func(into []byte) (int, error) { return unix.Fgetxattr(to, name, into) })
			if missing == nil && bytes.Equal(is, was) {
				continue
			}
			err = unix.Fsetxattr(to, name, was, 0)
		}
		if err != nil {
			lost = append(lost, name+" ("+err.Error()+")")
		}
	}
	if !slices.Contains(all, accessList) {
		if err := unix.Fremovexattr(to, accessList); err != nil && !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.ENOTSUP) {
			lost = append(lost, "that there is no access list ("+err.Error()+")")
		}
	}
	return lost
}

// listOf reads what a call of the system fills a buffer with. It may grow between the questions for its size and for itself.
func listOf(read func(to []byte) (int, error)) ([]byte, error) {
	for {
		size, err := read(nil)
		if err != nil || size == 0 {
			return nil, err
		}
		buffer := make([]byte, size)
		if size, err = read(buffer); !errors.Is(err, unix.ERANGE) {
			return buffer[:max(size, 0)], err
		}
	}
}
