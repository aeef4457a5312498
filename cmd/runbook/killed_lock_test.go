package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// leftUnderLock kills a run that holds a lock in the middle of a local command, by way of a runbook that a step runs or not, and
// gives its id and the command's process group. Runbook other.hcl wants the same lock.
func leftUnderLock(t *testing.T, dir, effect string, within bool) (id, group string) {
	t.Helper()
	files := map[string]string{
		"x.hcl": "runbook \"release\" { lock = \"deploy\" }\nvariable \"log\" { default = \"began\" }\n" +
			strings.Replace(working, `"write"`, strconv.Quote(effect), 1),
		"other.hcl": "runbook \"other\" { lock = \"deploy\" }\nstep \"local_command\" \"touch\" {\n command = [\"touch\", \"other\"]\n timeout = \"20s\"\n}\n",
	}
	if within {
		files["inner.hcl"] = files["x.hcl"]
		files["x.hcl"] = "runbook \"release\" {}\nstep \"runbook\" \"inner\" { source = \"./inner.hcl\" }\n"
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	began := filepath.Join(dir, "began")
	killWhen(t, program(t, dir, "apply", "x.hcl", "--auto-approve", "--json"), func() bool { return len(lines(t, began)) == 1 })
	group = lines(t, began)[0]
	leader, err := strconv.Atoi(group)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-leader, syscall.SIGKILL) }) // it has ended, unless the test failed
	return newest(t, dir), group
}

// letGo has the command that was left behind end.
func letGo(t *testing.T, dir, group string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the command", func() bool { _, err := os.Stat("/proc/" + group); return os.IsNotExist(err) })
}

// says demands a status and texts, wherever their lines break.
func says(t *testing.T, dir string, status int, want []string, args ...string) string {
	t.Helper()
	got, said := ends(t, dir, args...)
	flat := strings.Join(strings.Fields(strings.ReplaceAll(said, "│", " ")), " ")
	if got != status {
		t.Errorf("%v: exit status %d, want %d\n%s", args, got, status, said)
	}
	for _, text := range want {
		if !strings.Contains(flat, text) {
			t.Errorf("%v does not say %q:\n%s", args, text, said)
		}
	}
	return flat
}

// TestLockOfACommandThatLivesOn: the lock of a run that was killed is not taken over while a command of it lives on, and who takes
// it then is told of the run. Whoever tries in between, also to resume that run, leaves all as it is.
func TestLockOfACommandThatLivesOn(t *testing.T) {
	for name, step := range map[string]string{"alone": "work", "in a runbook that a step runs": "inner/work"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			id, group := leftUnderLock(t, dir, "write", step != "work")
			refusal := []string{"The lock is held", "deploy is held by run " + id + " of release", "which is gone", "step " + step + ": sh has been running since ",
				"in process group " + group + ": sh (pid " + group + ")", "end it with: kill -- -" + group, "Nothing was run", "--lock-timeout 10m",
				"runbook resume " + id, "runbook unlock deploy"}
			for range 2 {
				said := says(t, dir, 2, refusal, "apply", "other.hcl", "--auto-approve")
				if strings.Contains(said, "while [") {
					t.Errorf("the arguments, in which a secret may be, are shown:\n%s", said)
				}
				says(t, dir, 4, []string{step + " still goes on"}, "resume", id)
				says(t, dir, 4, []string{step + " still goes on"}, "cancel", id)
			}
			says(t, dir, 0, []string{"deploy " + id, "which is gone; what it has started goes on: step " + step}, "unlock")

			waits, heard := program(t, dir, "apply", "other.hcl", "--auto-approve", "--json", "--lock-timeout", "10m"), filepath.Join(dir, "heard")
			errs, err := os.Create(heard)
			if err != nil {
				t.Fatal(err)
			}
			var events strings.Builder
			waits.Stdout, waits.Stderr = &events, errs
			if err := waits.Start(); err != nil {
				t.Fatal(err)
			}
			until(t, "a word about what is waited for", func() bool {
				text, err := os.ReadFile(heard)
				return err == nil && strings.Contains(string(text), "what it has started goes on without it: step "+step)
			})
			if _, err := os.Stat(filepath.Join(dir, "other")); err == nil {
				t.Error("it ran beside what was left behind")
			}
			letGo(t, dir, group)
			if err := waits.Wait(); err != nil {
				t.Error(err)
			}
			if err := errs.Close(); err != nil {
				t.Error(err)
			}
			text, err := os.ReadFile(heard)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"took the lock deploy over from run " + id + " of release", "which is gone); in doubt: " + step, "runbook resume " + id, "runbook show " + id} {
				if !strings.Contains(string(text), want) || strings.Contains(string(text), "[WARN]") {
					t.Errorf("it does not say %q:\n%s", want, text)
				}
			}
			for line := range strings.Lines(events.String()) {
				if !json.Valid([]byte(line)) {
					t.Errorf("not an event: %s", line)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "other")); err != nil {
				t.Error(err)
			}
			says(t, dir, 0, nil, "resume", id, "--in-doubt", "redo")
		})
	}
}

// TestAReadThatLivesOn: a command that changes nothing is found and shown like any other. Its lock stays held, and the run is neither resumed,
// undone nor given up beside it.
func TestAReadThatLivesOn(t *testing.T) {
	for name, step := range map[string]string{"alone": "work", "in a runbook that a step runs": "inner/work"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			id, group := leftUnderLock(t, dir, "read", step != "work")
			found := []string{"sh has been running since ", "in process group " + group + ": sh (pid " + group + ")", "end it with: kill -- -" + group}
			says(t, dir, 2, append(found, "deploy is held by run "+id, "step "+step+": sh"), "apply", "other.hcl", "--auto-approve")
			for _, command := range []string{"resume", "undo", "cancel"} {
				says(t, dir, 2, append(found, "nothing was run: "+step+" still goes on"), command, id)
			}
			says(t, dir, 0, append(found, "what it has started goes on: step "+step), "unlock")
			if began := lines(t, filepath.Join(dir, "began")); len(began) != 1 {
				t.Errorf("it was started beside the one that goes on: process groups %q", began)
			}
			letGo(t, dir, group)
			says(t, dir, 0, []string{"took the lock deploy over from run " + id}, "apply", "other.hcl", "--auto-approve")
			says(t, dir, 0, nil, "resume", id)
			if began := lines(t, filepath.Join(dir, "began")); len(began) != 2 {
				t.Errorf("it was not begun again: process groups %q", began)
			}
		})
	}
}

// TestUnlockBesideACommandThatLivesOn: whoever frees the lock all the same is told what lives, and has the last word.
func TestUnlockBesideACommandThatLivesOn(t *testing.T) {
	dir := t.TempDir()
	id, group := leftUnderLock(t, dir, "write", false)
	said := says(t, dir, 0, []string{`"gone": true`, `"step": "work"`}, "unlock", "--json")
	if !strings.Contains(said, "process group "+group) {
		t.Errorf("what runs is missing:\n%s", said)
	}
	says(t, dir, 0, []string{"The lock deploy is free. Run " + id + " of release had it", "what it has started goes on: step work: sh has been running since",
		"process group " + group, "Whoever takes the lock now runs beside that."}, "unlock", "deploy")
	says(t, dir, 0, nil, "apply", "other.hcl", "--auto-approve")
	if _, err := os.Stat("/proc/" + group); err != nil {
		t.Error("the command was to live on: ", err)
	}
	letGo(t, dir, group)
	says(t, dir, 0, nil, "resume", id, "--in-doubt", "redo")
}

// TestAReadAndAWriteThatLiveOn: both are told, and that a write is left to look at counts.
func TestAReadAndAWriteThatLiveOn(t *testing.T) {
	dir := t.TempDir()
	command := func(name, effect string) string {
		return "step \"local_command\" \"" + name + "\" {\n effect = \"" + effect + "\"\n timeout = \"2m\"\n" +
			" command = [\"sh\", \"-c\", \"echo $$ > " + name + "; until [ -e go ]; do sleep 0.05; done\"]\n}\n"
	}
	text := "runbook \"both\" {}\n" + command("look", "read") + command("work", "write")
	if err := os.WriteFile(filepath.Join(dir, "x.hcl"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	began := func(name string) bool {
		text, err := os.ReadFile(filepath.Join(dir, name))
		return err == nil && strings.HasSuffix(string(text), "\n")
	}
	killWhen(t, program(t, dir, "apply", "x.hcl", "--auto-approve", "--json"), func() bool { return began("look") && began("work") })
	t.Cleanup(func() { letGo(t, dir, lines(t, filepath.Join(dir, "work"))[0]) })
	id := newest(t, dir)
	for _, args := range [][]string{{"resume", id, "--in-doubt", "redo"}, {"undo", id}, {"cancel", id}} {
		says(t, dir, 4, []string{"nothing was run: ", "look still goes on: sh has been running", "work still goes on: sh has been running"}, args...)
	}
	group := lines(t, filepath.Join(dir, "work"))[0]
	leader, err := strconv.Atoi(group)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(-leader, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the write", func() bool { _, err := os.Stat("/proc/" + group); return os.IsNotExist(err) })
	says(t, dir, 4, []string{"look still goes on", "To be settled then: work."}, "resume", id)
}
