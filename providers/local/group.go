package local

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"time"
)

// pause is the time between two looks at a group that was asked to end; the system tells of its end in no other way.
const pause = 10 * time.Millisecond

// endGroup ends a process group: the program, where it still runs, and what it has left behind. First it is asked, then
// killed.
func endGroup(id int) {
	if !signal(id, syscall.SIGTERM) {
		return
	}
	signal(id, syscall.SIGCONT) // one that is stopped would not hear of it
	if !gone(id, grace) {
		signal(id, syscall.SIGKILL)
		gone(id, drain) // the system needs a moment
	}
}

// signal reports whether there was anyone in the group to get it.
func signal(id int, s syscall.Signal) bool {
	return !errors.Is(syscall.Kill(-id, s), syscall.ESRCH)
}

// gone waits until nobody runs in the group, or for as long as given.
func gone(id int, patience time.Duration) bool {
	return waitFor(patience, func() bool { return !signal(id, 0) || !running(id) })
}

// waitFor looks until something holds, and reports whether it did in time.
func waitFor(patience time.Duration, holds func() bool) bool {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			return false
		case <-tick.C:
		}
	}
	return true
}

// running tells a group of processes from one of which only entries in the table are left: an orphan stays there until
// the first process of the machine takes note, which in a container may never be. Where there is no /proc to ask, it is
// true.
func running(id int) bool {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return true
	}
	return slices.ContainsFunc(processes(), func(s stat) bool { return s.group == id })
}
