package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
func gone(id int, within time.Duration) bool {
	patience := time.NewTimer(within)
	defer patience.Stop()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for signal(id, 0) && running(id) {
		select {
		case <-patience.C:
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
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		return true
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended since
		}
		if state, group, err := parseStat(string(text)); err == nil && group == id && state != "Z" && state != "X" {
			return true
		}
	}
	return false
}

// parseStat reads state and process group out of /proc/PID/stat, see proc(5). The name of the program, in parentheses,
// may hold anything.
func parseStat(text string) (state string, group int, err error) {
	end := strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[end+1:])
	if end < 0 || len(fields) < 3 {
		return "", 0, fmt.Errorf("not a process's stat: %q", text)
	}
	group, err = strconv.Atoi(fields[2])
	return fields[0], group, err
}
