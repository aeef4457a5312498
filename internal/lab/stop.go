package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// stopGrace is how long a process may take for an orderly end before it is killed. Nothing the lab keeps is at risk.
const stopGrace = 5 * time.Second

// stopAll stops every process on record, whichever version of the lab started it.
func (l *Lab) stopAll(ctx context.Context) error {
	paths, err := filepath.Glob(l.path("run", "*.json"))
	if err != nil {
		return fmt.Errorf("list the lab's processes: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		group.Go(func() error {
			begin := time.Now()
			wasRunning := l.running(name)
			if err := l.stopRecorded(ctx, name); err != nil {
				return err
			}
			if wasRunning {
				l.progress.service(name, "stopped", time.Since(begin), "")
			}
			return nil
		})
	}
	return group.Wait()
}

// stopRecorded ends the named process and its group, and forgets it, if it is on record. A process that merely inherited the number of a
// dead one is left alone.
func (l *Lab) stopRecorded(ctx context.Context, name string) error {
	path := l.recordPath(name)
	r, err := readRecord(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the record of %s: %w", name, err)
	}
	if r.alive() {
		if err := r.end(ctx); err != nil {
			return fmt.Errorf("stop %s: %w", name, err)
		}
	}
	return os.Remove(path)
}

// end asks the leader to stop, waits, and kills what is left of its group. Each process leads a group of its own, whose
// number stays taken as long as one member lives.
func (r record) end(ctx context.Context) error {
	stop := r.Stop
	if stop == 0 {
		stop = syscall.SIGTERM
	}
	if err := signal(r.PID, stop); err != nil {
		return err
	}
	gone := func(context.Context) error {
		if r.alive() {
			return errors.New("still running")
		}
		return nil
	}
	graceful, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	if poll(graceful, 20*time.Millisecond, gone) == nil {
		return signal(-r.PID, syscall.SIGKILL)
	}
	if err := signal(-r.PID, syscall.SIGKILL); err != nil {
		return err
	}
	killed, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	return poll(killed, 20*time.Millisecond, gone)
}

// signal treats a process or group that is gone already as success.
func signal(pid int, s syscall.Signal) error {
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
