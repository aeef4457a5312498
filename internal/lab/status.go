package lab

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Status prints the processes on record. It returns an error when one of them has died.
func (l *Lab) Status() error {
	paths, err := filepath.Glob(l.path("run", "*.json"))
	if err != nil {
		return fmt.Errorf("list the lab's processes: %w", err)
	}
	if len(paths) == 0 {
		l.progress.printf("lab is down")
		return nil
	}
	slices.Sort(paths)
	var dead []string
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		r, err := readRecord(path)
		state := "running"
		if err != nil || !r.alive() {
			state = "dead"
			dead = append(dead, name)
		}
		l.progress.printf("  %-24s %-8s pid %d", name, state, r.PID)
	}
	if len(dead) > 0 {
		return fmt.Errorf("not running any more: %s", strings.Join(dead, ", "))
	}
	return nil
}
