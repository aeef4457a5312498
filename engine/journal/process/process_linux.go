package process

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// boot is the boot's id and the namespace of processes, as proc(5) and namespaces(7) tell them. It is empty where /proc
// is that of another namespace.
func boot() string {
	self, err := os.Readlink("/proc/self")
	if err != nil || self != strconv.Itoa(os.Getpid()) {
		return ""
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id)) + " " + namespace
}

// started gives when a process began, zero when the system does not tell, and whether it lives.
func started(pid int) (ticks uint64, alive bool) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		// /proc may hide the processes of others (hidepid).
		return 0, !errors.Is(unix.Kill(pid, 0), unix.ESRCH)
	}
	state, ticks := parse(stat)
	// A dead process may wait for its parent to fetch its status.
	return ticks, state != 'Z' && state != 'X'
}

// parse reads the state and the start time of a process from its stat file, see proc_pid_stat(5). The name before them is
// in parentheses and may hold any byte.
func parse(stat []byte) (state byte, ticks uint64) {
	const stateField, startField = 3, 22
	end := bytes.LastIndexByte(stat, ')')
	fields := strings.Fields(string(stat[end+1:]))
	if end < 0 || len(fields) <= startField-stateField {
		return '?', 0
	}
	ticks, err := strconv.ParseUint(fields[startField-stateField], 10, 64)
	if err != nil {
		return '?', 0
	}
	return fields[0][0], ticks
}

func uptime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
