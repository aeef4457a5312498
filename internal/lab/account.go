package lab

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is a user that a service runs as.
type account struct {
	name     string
	uid, gid uint32
}

// unprivileged finds a user for a program that refuses to run as root. It is nil when labctl itself is not root.
func unprivileged(candidates ...string) (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range candidates {
		entry, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(entry.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(entry.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf("find a user other than root: none of %v exists", candidates)
}

func (a *account) credential() *syscall.Credential {
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// own gives paths to the account; nobody's account means that they are right already.
func (a *account) own(paths ...string) error {
	if a == nil {
		return nil
	}
	for _, path := range paths {
		if err := os.Chown(path, int(a.uid), int(a.gid)); err != nil {
			return fmt.Errorf("give %s to %s: %w", path, a.name, err)
		}
	}
	return nil
}
