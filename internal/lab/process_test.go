package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func newTestLab(t *testing.T) *Lab {
	t.Helper()
	l, err := New(Config{Root: t.TempDir(), StateDir: filepath.Join(t.TempDir(), ".lab")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.stopAll(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestEnsureStartsOnceAndAgainWhenInputsChange(t *testing.T) {
	l := newTestLab(t)
	ctx := t.Context()
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	sleep := command{name: "sleep", path: "/bin/sleep", args: []string{"60"}, inputs: []string{config}}
	var records []record
	ensure := func(wantStarted bool) {
		t.Helper()
		started, err := l.ensure(ctx, sleep)
		if err != nil || started != wantStarted {
			t.Fatalf("ensure = %v, %v, want started = %v", started, err, wantStarted)
		}
		r, err := readRecord(l.recordPath("sleep"))
		if err != nil || !r.alive() {
			t.Fatalf("the record %+v is not of a live process: %v", r, err)
		}
		records = append(records, r)
	}
	ensure(true)
	ensure(false)
	if err := os.WriteFile(config, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	ensure(true)
	if records[0] != records[1] || records[0].alive() {
		t.Errorf("the first process should have lived until its input changed: %+v", records)
	}
	if err := l.stopRecorded(ctx, "sleep"); err != nil || records[2].alive() {
		t.Errorf("the process survives its stop: %v", err)
	}
}

func TestStopKillsTheWholeGroup(t *testing.T) {
	l := newTestLab(t)
	ready := filepath.Join(t.TempDir(), "child")
	script := `trap "" TERM; sleep 60 & echo $! >` + ready + `; wait; wait`
	if _, err := l.ensure(t.Context(), command{name: "shell", path: "/bin/sh", args: []string{"-c", script}, stop: syscall.SIGKILL}); err != nil {
		t.Fatal(err)
	}
	var child record
	err := l.await(t.Context(), func(context.Context) error {
		content, err := os.ReadFile(ready)
		if err != nil || !strings.HasSuffix(string(content), "\n") {
			return errors.New("no child yet")
		}
		if child.PID, err = strconv.Atoi(strings.TrimSpace(string(content))); err != nil {
			return err
		}
		child.Start, err = processStart(child.PID)
		return err
	}, "shell")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.stopRecorded(t.Context(), "shell"); err != nil {
		t.Fatal(err)
	}
	gone := func(context.Context) error {
		if child.alive() {
			return errors.New("the child survives")
		}
		return nil
	}
	if err := poll(t.Context(), stopGrace/100, gone); err != nil {
		t.Error(err)
	}
}

func TestStopLeavesAReusedNumberAlone(t *testing.T) {
	l := newTestLab(t)
	if _, err := l.ensure(t.Context(), command{name: "sleep", path: "/bin/sleep", args: []string{"60"}}); err != nil {
		t.Fatal(err)
	}
	r, err := readRecord(l.recordPath("sleep"))
	if err != nil {
		t.Fatal(err)
	}
	stale := record{PID: r.PID, Start: r.Start + "0"}
	if err := writeJSON(l.recordPath("stale"), stale); err != nil {
		t.Fatal(err)
	}
	if err := l.stopRecorded(t.Context(), "stale"); err != nil {
		t.Fatal(err)
	}
	if !r.alive() {
		t.Error("a process was stopped that only has the number of the recorded one")
	}
}

func TestTheLogOfWhatDiedIsShown(t *testing.T) {
	l := newTestLab(t)
	failing := command{name: "failing", path: "/bin/sh", args: []string{"-c", "echo the port is taken; exit 1"}}
	_, err := l.ensure(t.Context(), failing)
	if err == nil { // it lived long enough to be recorded
		err = l.await(t.Context(), func(context.Context) error { return errors.New("no answer") }, "failing")
	}
	if err == nil || !strings.Contains(err.Error(), "the port is taken") {
		t.Errorf("error = %v, want the end of the log", err)
	}
}
