package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// command describes a process that outlives labctl.
type command struct {
	// name is the name of its log and of its record.
	name string
	path string
	args []string
	// env is added to the environment of labctl.
	env []string
	dir string
	// account runs the process as somebody else; nil keeps the user.
	account *account
	// inputs are files that the process reads once, at its start: when their content changes it is started again.
	inputs []string
	// stop is the signal for an orderly end; zero means SIGTERM.
	stop syscall.Signal
}

// record is what is kept of a started process.
type record struct {
	PID         int            `json:"pid"`
	Start       string         `json:"start"`
	Fingerprint string         `json:"fingerprint"`
	Stop        syscall.Signal `json:"stop"`
}

// alive reports whether the very process that was recorded still runs.
func (r record) alive() bool {
	start, err := processStart(r.PID)
	return err == nil && start == r.Start
}

func (l *Lab) recordPath(name string) string { return l.path("run", name+".json") }

func (l *Lab) logPath(name string) string { return l.path("log", name+".log") }

// running reports whether the named process was started by this lab and lives.
func (l *Lab) running(name string) bool {
	r, err := readRecord(l.recordPath(name))
	return err == nil && r.alive()
}

func readRecord(path string) (record, error) {
	var r record
	data, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(data, &r)
}

// current reports whether the process runs, and was started as it would be started now.
func (l *Lab) current(c command) (bool, error) {
	fingerprint, err := c.fingerprint()
	if err != nil {
		return false, err
	}
	r, err := readRecord(l.recordPath(c.name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the record of %s: %w", c.name, err)
	}
	return r.alive() && r.Fingerprint == fingerprint, nil
}

// ensure starts the process unless it is current. It reports whether it started one.
func (l *Lab) ensure(ctx context.Context, c command) (started bool, err error) {
	if current, err := l.current(c); err != nil || current {
		return false, err
	}
	if err := l.stopRecorded(ctx, c.name); err != nil {
		return false, err
	}
	return true, l.start(c)
}

func (l *Lab) start(c command) error {
	fingerprint, err := c.fingerprint()
	if err != nil {
		return err
	}
	log, err := os.Create(l.logPath(c.name))
	if err != nil {
		return fmt.Errorf("create the log of %s: %w", c.name, err)
	}
	defer func() { _ = log.Close() }()
	process := exec.Command(c.path, c.args...)
	process.Env = append(os.Environ(), c.env...)
	process.Dir = c.dir
	process.Stdout, process.Stderr = log, log
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if c.account != nil {
		process.SysProcAttr.Credential = c.account.credential()
	}
	if err := process.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	start, err := processStart(process.Process.Pid)
	if err != nil {
		return fmt.Errorf("start %s: it ended at once\n%s", c.name, l.logTail(c.name))
	}
	r := record{PID: process.Process.Pid, Start: start, Fingerprint: fingerprint, Stop: c.stop}
	return writeJSON(l.recordPath(c.name), r)
}

// fingerprint changes when the process would be started differently.
func (c command) fingerprint() (string, error) {
	sum := sha256.New()
	for _, part := range append([]string{c.path, c.dir}, append(c.args, c.env...)...) {
		_, _ = fmt.Fprintf(sum, "%q\n", part)
	}
	for _, input := range c.inputs {
		content, err := os.ReadFile(input)
		if err != nil {
			return "", fmt.Errorf("read what %s is started with: %w", c.name, err)
		}
		_, _ = fmt.Fprintf(sum, "%q %x\n", input, sha256.Sum256(content))
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// await polls until probe is satisfied. It gives up at once when one of the named processes has died, and shows the
// end of their logs.
func (l *Lab) await(ctx context.Context, probe func(context.Context) error, names ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startDeadline, fmt.Errorf("not ready after %s", startDeadline))
	defer cancel()
	dead := ""
	err := poll(ctx, 100*time.Millisecond, func(ctx context.Context) error {
		for _, name := range names {
			if !l.running(name) {
				dead = name
				return nil
			}
		}
		probeCtx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		return probe(probeCtx)
	})
	if dead != "" {
		return fmt.Errorf("%s ended while it was starting\n%s", dead, l.logTail(dead))
	}
	if err != nil {
		tails := make([]string, 0, len(names))
		for _, name := range names {
			tails = append(tails, l.logTail(name))
		}
		return fmt.Errorf("%w\n%s", err, strings.Join(tails, "\n"))
	}
	return nil
}

// logTail quotes the end of a process's log for an error message.
func (l *Lab) logTail(name string) string {
	const keep = 15
	path := l.logPath(name)
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	if len(lines) > keep {
		lines = lines[len(lines)-keep:]
	}
	return fmt.Sprintf("last lines of %s:\n    %s", filepath.Join(filepath.Base(l.StateDir), "log", name+".log"), strings.Join(lines, "\n    "))
}
