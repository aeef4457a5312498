package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// errNoProcess means that no live process has the number.
var errNoProcess = errors.New("no such process")

// processStart identifies the process behind a number for as long as it lives: two processes that get the same number
// one after the other have different starts. A zombie is not alive.
func processStart(pid int) (string, error) {
	if pid <= 0 {
		return "", errNoProcess
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil {
		return startFromStat(stat)
	}
	if _, procErr := os.Stat("/proc/self/stat"); procErr == nil {
		return "", errNoProcess
	}
	return startFromPS(pid)
}

// startFromStat reads field 22 of proc_pid_stat(5), in clock ticks since boot. The second field is the program's name
// in parentheses and may itself hold blanks and parentheses.
func startFromStat(stat []byte) (string, error) {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return "", fmt.Errorf("read process status: no program name in %q", stat)
	}
	fields := strings.Fields(string(stat[end+1:]))
	const state, threads, start = 0, 17, 19 // fields 3, 20 and 22
	if len(fields) <= start {
		return "", fmt.Errorf("read process status: only %d fields", len(fields))
	}
	// A leader can be a zombie while other threads of it still hold files and ports.
	if fields[state] == "X" || fields[state] == "Z" && (fields[threads] == "0" || fields[threads] == "1") {
		return "", errNoProcess
	}
	return fields[start], nil
}

// startFromPS serves systems without /proc.
func startFromPS(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", errNoProcess
	}
	return strings.TrimSpace(string(out)), nil
}
