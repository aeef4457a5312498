package local

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// stat is what is used of /proc/PID/stat, see proc(5).
type stat struct {
	pid, group, session int
	// name is the program's, cut by the kernel at 15 bytes.
	name string
	// state is a letter; of Z and X only the entry in the table is left.
	state string
	// start is when it started, in clock ticks since the machine did: with it a process is told from a later one of the
	// same id.
	start uint64
}

func (s stat) alive() bool { return s.state != "Z" && s.state != "X" }

// parseStat reads a stat. The name of the program, in parentheses, may hold anything.
func parseStat(text string) (stat, error) {
	begin, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if begin < 0 || end < begin {
		return stat{}, fmt.Errorf("not a process's stat: %q", text)
	}
	fields := strings.Fields(text[end+1:]) // the third and those after it
	if len(fields) < 20 {
		return stat{}, fmt.Errorf("not a process's stat: %q", text)
	}
	s := stat{name: text[begin+1 : end], state: fields[0]}
	var err error
	for _, n := range []struct {
		into *int
		text string
	}{{&s.pid, strings.TrimSpace(text[:begin])}, {&s.group, fields[2]}, {&s.session, fields[3]}} {
		if *n.into, err = strconv.Atoi(n.text); err != nil {
			return stat{}, fmt.Errorf("not a process's stat: %w", err)
		}
	}
	s.start, err = strconv.ParseUint(fields[19], 10, 64)
	return s, err
}

// statOf reads the stat of one process.
func statOf(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(text))
}

// processes are those that run now, this one left out: what started a process comes before it. Where there is no /proc, there are none.
func processes() []stat {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	var all []stat
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended since
		}
		if s, err := parseStat(string(text)); err == nil && s.alive() && s.pid != os.Getpid() {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b stat) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.pid, b.pid)) })
	return all
}

// variable reads a variable of the environment that a process was started with. That of another user's process can't be
// read, and is empty.
func variable(pid int, name string) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return ""
	}
	for entry := range bytes.SplitSeq(text, []byte{0}) {
		if value, ok := bytes.CutPrefix(entry, []byte(name+"=")); ok {
			return string(value)
		}
	}
	return ""
}

// machine tells where a process was started: its id means nothing elsewhere.
type machine struct {
	Host string `json:"host,omitempty"`
	// BootID differs after each start of the machine.
	BootID string `json:"boot_id,omitempty"`
	// Namespace is that of the process ids: a container has its own.
	Namespace string `json:"pid_namespace,omitempty"`
}

// thisMachine leaves empty what the system does not tell.
func thisMachine() machine {
	var m machine
	m.Host, _ = os.Hostname()
	if text, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		m.BootID = strings.TrimSpace(string(text))
	}
	m.Namespace, _ = os.Readlink("/proc/self/ns/pid")
	return m
}
