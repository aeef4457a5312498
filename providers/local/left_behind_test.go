package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// writeCall is a write with a key, whose notes are appended to a file, one a line.
func writeCall(dir, key, notes string, args providertest.Values) *provider.Call {
	attrs := New().Action("local_command").Spec().Args().Null().AsValueMap()
	for name, v := range args {
		attrs[name] = v
	}
	return &provider.Call{
		Client: &client{}, Args: cty.ObjectVal(attrs), Effect: provider.Write, Dir: dir, Key: key,
		Host: provider.Host{Environ: []string{"PATH=" + os.Getenv("PATH")}},
		Note: func(note []byte) error {
			f, err := os.OpenFile(notes, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			_, err = f.Write(append(note, '\n'))
			return errors.Join(err, f.Close())
		},
	}
}

// away starts a process in its group and one that tells of itself once it has left it, and waits.
const away = `sleep 300 & setsid sh -c 'echo $$ > away; exec sleep 300' & echo $$ > leader; wait`

// TestEngineProcess is no test of its own: others run it as the engine that is killed.
func TestEngineProcess(t *testing.T) {
	dir, after := os.Getenv("TEST_ENGINE_DIR"), os.Getenv("TEST_ENGINE_HANGS_IN_NOTE")
	if dir == "" {
		return
	}
	call := writeCall(dir, os.Getenv("TEST_ENGINE_KEY"), filepath.Join(dir, "notes"), providertest.Values{"command": list("sh", "-c", away, "hunter22")})
	keep, n := call.Note, 0
	call.Note = func(note []byte) error {
		if n++; strconv.Itoa(n) == after { // before it is kept
			if err := os.WriteFile(filepath.Join(dir, "hangs"), nil, 0o600); err != nil {
				return err
			}
			select {}
		}
		return keep(note)
	}
	_, err := New().Action("local_command").Run(t.Context(), call)
	t.Fatal("it was not killed", err)
}

// killed is a run whose engine was killed once the files were there; it gives the last note.
func killed(t *testing.T, dir, key, hangs string, files ...string) []byte {
	t.Helper()
	engine := exec.Command(os.Args[0], "-test.run=^TestEngineProcess$")
	engine.Env = append(os.Environ(), "TEST_ENGINE_DIR="+dir, "TEST_ENGINE_KEY="+key, "TEST_ENGINE_HANGS_IN_NOTE="+hangs)
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	there := waitFor(30*time.Second, func() bool {
		for _, name := range files {
			if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || name != "hangs" && len(text) == 0 {
				return false
			}
		}
		return true
	})
	if err := engine.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = engine.Wait() // killed
	t.Cleanup(func() { endAll(func() []stat { return (&commandNote{}).remains(key) }) })
	if !there {
		t.Fatalf("%v did not come", files)
	}
	text, err := os.ReadFile(filepath.Join(dir, "notes"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return []byte(lines[len(lines)-1])
}

func pidIn(t *testing.T, dir, name string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestLeftBehind(t *testing.T) {
	t.Parallel()
	for name, hangs := range map[string]string{"killed while it runs": "", "killed before its process was noted": "2"} {
		t.Run(name, func(t *testing.T) {
			dir, key := t.TempDir(), "01K/left behind/"+t.Name()
			files := []string{"notes", "away", "leader"}
			if hangs != "" {
				files = append(files, "hangs")
			}
			note := killed(t, dir, key, hangs, files...)
			if strings.Contains(string(note), "hunter22") || strings.Contains(string(note), "sleep") {
				t.Errorf("the note holds arguments: %s", note)
			}
			leader, left := pidIn(t, dir, "leader"), pidIn(t, dir, "away")
			sent := provider.Sent{Key: key, At: time.Now(), Note: note}
			action := New().Action("local_command")
			call := writeCall(dir, key, filepath.Join(dir, "notes"), providertest.Values{"command": list("touch", "twin")})
			found, err := action.(provider.Inquirer).Inquire(t.Context(), call, sent)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"sh has been running since", fmt.Sprintf("sh (pid %d)", leader), "left the group: ", fmt.Sprintf("(pid %d)", left), "kill "} {
				if found.State != provider.UnderWay || !strings.Contains(found.Why, want) {
					t.Errorf("state %d: %q, expected %q", found.State, found.Why, want)
				}
			}
			t.Log(found.Why)
			_, err = action.Run(t.Context(), call)
			if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "an earlier attempt at this step still runs") {
				t.Errorf("beside its twin it gave %v", err)
			}
			// The leader alone ends: the rest is found still.
			if err := syscall.Kill(leader, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if found, err := action.(provider.Inquirer).Inquire(t.Context(), call, sent); err != nil || found.State != provider.UnderWay {
				t.Errorf("without its leader: %+v, %v", found, err)
			}
			endAll(func() []stat { return (&commandNote{}).remains(key) })
			if alive(t, left) {
				t.Errorf("%d lives on", left)
			}
			found, err = action.(provider.Inquirer).Inquire(t.Context(), call, sent)
			if err != nil || found.State != provider.Unknown {
				t.Errorf("once all has ended: %+v, %v", found, err)
			}
			t.Log(found.Why)
			if _, err := action.Run(t.Context(), call); err != nil {
				t.Errorf("once all has ended: %v", err)
			}
		})
	}
	t.Run("killed before it was started", func(t *testing.T) {
		dir, key := t.TempDir(), "01K/never/"+t.Name()
		killed(t, dir, key, "1", "hangs")
		found, err := New().Action("local_command").(provider.Inquirer).Inquire(t.Context(), writeCall(dir, key, "", providertest.Values{"command": list("true")}), provider.Sent{Key: key})
		if err != nil || found.State != provider.NotDone {
			t.Errorf("got %+v, %v", found, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "leader")); err == nil {
			t.Error("it was started before the note")
		}
	})
}

func TestInquireCommand(t *testing.T) {
	// A process in a session of its own: the tests' own session has no id where its leader is outside this container.
	other := exec.CommandContext(t.Context(), "cat")
	other.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if _, err := other.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})
	pid := other.Process.Pid
	at := time.Date(2026, 3, 1, 9, 14, 2, 0, time.UTC)
	here := thisMachine()
	for name, test := range map[string]struct {
		note *commandNote
		key  string
		want provider.Found
	}{
		"no note":           {nil, "k", provider.Found{State: provider.NotDone, Why: "was not started"}},
		"no notes kept":     {nil, "", provider.Found{Why: "Nothing was noted"}},
		"about to start":    {&commandNote{Program: "x", machine: here}, "k", provider.Found{Why: "x was about to be started at " + provider.Moment(at) + " and does not run any more"}},
		"a later process":   {&commandNote{Program: "x", machine: here, PID: pid, StartTicks: 1}, "k", provider.Found{Why: "does not run any more"}},
		"another host":      {&commandNote{Program: "x", machine: machine{Host: "db7"}, PID: pid}, "k", provider.Found{Why: "x was started at " + provider.Moment(at) + " on db7, and this is "}},
		"after a reboot":    {&commandNote{Program: "x", machine: machine{Host: here.Host, BootID: "b"}, PID: pid}, "k", provider.Found{Why: "the machine was started anew"}},
		"another container": {&commandNote{Program: "x", machine: machine{Host: here.Host, BootID: here.BootID}, PID: pid}, "k", provider.Found{Why: "in another container"}},
	} {
		t.Run(name, func(t *testing.T) {
			sent := provider.Sent{Key: test.key, At: at}
			if test.note != nil {
				var err error
				if sent.Note, err = json.Marshal(test.note); err != nil {
					t.Fatal(err)
				}
			}
			got, err := New().Action("local_command").(provider.Inquirer).Inquire(t.Context(), writeCall("", "k", "", providertest.Values{"command": list("true")}), sent)
			if err != nil || got.State != test.want.State || !strings.Contains(got.Why, test.want.Why) {
				t.Errorf("got %+v, %v, expected %+v", got, err, test.want)
			}
		})
	}
}

func TestCommandNotes(t *testing.T) {
	dir := t.TempDir()
	notes := filepath.Join(dir, "notes")
	call := writeCall(dir, "01K/n", notes, providertest.Values{"command": list("sh", "-c", "cat notes > seen; echo $RUNBOOK_WRITE_KEY")})
	r, err := New().Action("local_command").Run(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, r.Value.GetAttr("stdout"), str("01K/n\n"))
	text, err := os.ReadFile(notes)
	if err != nil || strings.Count(string(text), "\n") != 2 || !strings.Contains(string(text), `"program":"sh"`) || !strings.Contains(string(text), `"pid":`) {
		t.Errorf("noted %s, %v", text, err)
	}
	seen, err := os.ReadFile(filepath.Join(dir, "seen"))
	if err != nil || len(seen) == 0 {
		t.Errorf("the program ran before it was noted: %q, %v", seen, err)
	}
	for fails, started := range map[int]bool{1: false, 2: true} {
		n := 0
		call.Note = func([]byte) error {
			if n++; n == fails {
				return errors.New("disk full")
			}
			return nil
		}
		_, err := New().Action("local_command").Run(t.Context(), call)
		if err == nil || provider.NothingDone(err) == started || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("without note %d: %v", fails, err)
		}
	}
}

// A process that left the group of a step that was stopped is stopped too.
func TestStoppedWritesEndWhole(t *testing.T) {
	dir := t.TempDir()
	call := writeCall(dir, "01K/"+t.Name(), filepath.Join(dir, "notes"), providertest.Values{"command": list("sh", "-c", away)})
	ctx, cancel := contextUntil(t, filepath.Join(dir, "away"))
	defer cancel()
	if _, err := New().Action("local_command").Run(ctx, call); err == nil || provider.NothingDone(err) {
		t.Errorf("got %v", err)
	}
	if pid := pidIn(t, dir, "away"); alive(t, pid) {
		t.Errorf("%d lives on", pid)
	}
}

func TestSensitiveArgumentsAreRefused(t *testing.T) {
	_, err := call(t.Context(), "local_command", t.TempDir(), providertest.Values{
		"command": cty.ListVal([]cty.Value{str("echo"), str("hunter22").Mark(provider.Sensitive)})})
	if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "env or stdin") || strings.Contains(err.Error(), "hunter22") {
		t.Errorf("got %v", err)
	}
	r, err := call(t.Context(), "local_command", t.TempDir(), providertest.Values{"command": list("sh", "-c", "echo $A; cat"),
		"env": cty.MapVal(map[string]cty.Value{"A": str("x").Mark(provider.Sensitive)}), "stdin": str("y").Mark(provider.Sensitive)})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, r.Value.GetAttr("stdout"), str("x\ny"))
}

// TestEndedThoughItErred: of a program of which the step's error tells how it ended, nothing else is said.
func TestEndedThoughItErred(t *testing.T) {
	dir := t.TempDir()
	notes, action := filepath.Join(dir, "notes"), New().Action("local_command")
	call := writeCall(dir, "01K/ended/"+t.Name(), notes, providertest.Values{"command": list("echo", "oops"), "format": str("json")})
	if _, err := action.Run(t.Context(), call); err == nil || !strings.Contains(err.Error(), "has ended, with exit code 0") {
		t.Fatalf("it gave %v", err)
	}
	kept, err := os.ReadFile(notes)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(kept), []byte("\n"))
	found, err := action.(provider.Inquirer).Inquire(t.Context(), call, provider.Sent{Key: call.Key, At: time.Now(), Note: lines[len(lines)-1]})
	if err != nil || found.State != provider.Unknown || found.Why != "" {
		t.Errorf("found %+v, %v", found, err)
	}
}
