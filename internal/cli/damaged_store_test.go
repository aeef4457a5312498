package cli

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
)

var flips = flag.Int("flips", 12, "how many files TestFlippedBytes damages")

// pageSize is that of the history's file.
const pageSize = 4096

// world is a history with runs of each kind, and commands on it by name.
type world struct {
	tt    *terminal
	whole []byte
	// older is the file before the last two of its runs.
	older    []byte
	commands map[string][]string
	passed   string
	// said is what commands that read say of the whole history, which is named PATH in it.
	said map[string]string
}

// reading are the commands that read a history, and say the same of one at any time.
var reading = []string{"runs", "runs --json", "show", "show --json", "answer (list)"}

// sayAll notes what commands say of the whole history.
func (w *world) sayAll(t *testing.T) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "runs.db")
	if err := os.WriteFile(path, w.whole, 0o600); err != nil {
		t.Fatal(err)
	}
	w.said = map[string]string{}
	for _, command := range reading {
		_, said := w.does(t, command, path)
		w.said[command] = strings.ReplaceAll(said, path, "PATH")
	}
}

// newWorld makes a history in which one run has passed, one has a write in doubt, and one waits for a person.
func newWorld(t *testing.T) *world {
	t.Helper()
	tt := newTerminal(t, false, nil, nil)
	cutOff(tt)
	file := tt.file(t, "x.hcl", doubtful)
	tt.does(t, ExitLeftOver, nil, "apply", file, "--auto-approve")
	doubt := tt.lastRun(t)
	path := filepath.Join(tt.dir, ".local", "state", "runbook", "runs.db")
	older, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tt.again(t, false, "").does(t, ExitPassed, nil, "apply", file, "--auto-approve")
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, nil, "apply", file, "--auto-approve")
	w := &world{tt: tt, passed: next.lastRun(t), older: older}
	j, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, j, 1, paused())
	lease, _, err := j.Acquire(t.Context(), "release", journal.Owner{Run: pausedRun, Runbook: "release"}, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(lease.Park(t.Context()), j.Close()); err != nil {
		t.Fatal(err)
	}
	if w.whole, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	w.commands = map[string][]string{
		"apply":           {"apply", file, "--auto-approve"},
		"resume":          {"resume", doubt, "--in-doubt", "done", "--auto-approve"},
		"answer":          {"answer", pausedRun, `size["eu"]`, "1"},
		"undo":            {"undo", w.passed, "--auto-approve"},
		"cancel":          {"cancel", pausedRun},
		"unlock":          {"unlock", "release"},
		"prune":           {"runs", "prune", "--keep", "0s", "--left-over", "--auto-approve"},
		"prune --dry-run": {"runs", "prune", "--keep", "0s", "--left-over", "--dry-run"},
		"runs":            {"runs"},
		"runs --json":     {"runs", "--json"},
		"check":           {"runs", "check"},
		"show":            {"show", w.passed},
		"show --json":     {"show", pausedRun, "--json"},
		"watch":           {"watch", w.passed},
		"answer (list)":   {"answer", pausedRun},
	}
	return w
}

// does runs a command on a store as another process, and gives what it said.
func (w *world) does(t *testing.T, command, path string) (status int, said string) {
	t.Helper()
	tt := w.tt.again(t, false, "")
	tt.OpenHistory = sqlite.OpenReadOnly
	status = tt.run(append(w.commands[command], "--store", path)...)
	return status, tt.out.String() + strings.ReplaceAll(tt.err.String(), "\n│ ", " ")
}

// files are the contents of all files of a folder.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "-shm") { // memory that SQLite shares, of no account
			return err
		}
		if d.Type() == fs.ModeSymlink {
			out[path], err = os.Readlink(path)
			return err
		}
		content, err := os.ReadFile(path)
		out[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pageOf gives the first byte of the page on which a text stands last.
func pageOf(b []byte, text string) int { return bytes.LastIndex(b, []byte(text)) / pageSize * pageSize }

// TestDamagedStore goes through every command that reads a history and every kind of damage: each ends with words that name the file,
// what is wrong with it and what to do, and nothing is written.
func TestDamagedStore(t *testing.T) {
	w := newWorld(t)
	event := []byte(`"type":"step_finished"`)
	for name, damage := range map[string]struct {
		make func(b []byte) []byte
		says string
		// shows says that the run that passed can be shown all the same.
		shows bool
	}{
		"a letter within an event":    {func(b []byte) []byte { b[bytes.LastIndex(b, event)+10] ^= 1; return b }, "is damaged", false},
		"an event is no JSON":         {func(b []byte) []byte { b[bytes.LastIndex(b, event)-1] = 'x'; return b }, "is damaged", false},
		"another file of the runbook": {func(b []byte) []byte { b[bytes.LastIndex(b, []byte(`id = "look"`))] = 'I'; return b }, "the content of the file", true},
		"the header":                  {func(b []byte) []byte { clear(b[:100]); return b }, "is damaged", true},
		"a version below nought":      {func(b []byte) []byte { copy(b[60:], "\xff\xff\xff\xff"); return b }, "is damaged", true},
		"the schema":                  {func(b []byte) []byte { clear(b[100:pageSize]); return b }, "is damaged", true},
		"an entry of the schema": {func(b []byte) []byte {
			copy(b[bytes.Index(b, []byte("CREATE TABLE batches")):], "CREATE TABEL")
			return b
		}, "is damaged", true},
		"a page of a tree": {func(b []byte) []byte {
			copy(b[pageOf(b, `"run":"`+w.passed):], bytes.Repeat([]byte{0xa5}, pageSize))
			return b
		}, "is damaged", false},
		"a cell of a page":    {func(b []byte) []byte { copy(b[pageOf(b, `"run":"`+w.passed)+8:], "\xff\xff"); return b }, "is damaged", false},
		"half of it":          {func(b []byte) []byte { return b[:len(b)/2/pageSize*pageSize] }, "is damaged", false},
		"the last page":       {func(b []byte) []byte { return b[:len(b)-pageSize] }, "is damaged", false},
		"a newer version":     {func(b []byte) []byte { binary.BigEndian.PutUint32(b[60:], 99); return b }, "made by a newer version of runbook", false},
		"another program's":   {func([]byte) []byte { return foreign(t) }, "database of another program", false},
		"some text":           {func([]byte) []byte { return []byte("dear diary, today nothing was deployed\n") }, "some other file", false},
		"the start of SQLite": {func(b []byte) []byte { return b[:50] }, "is damaged", false},
	} {
		t.Run(name, func(t *testing.T) {
			for command := range w.commands {
				path := filepath.Join(t.TempDir(), "runs.db")
				if err := os.WriteFile(path, damage.make(bytes.Clone(w.whole)), 0o600); err != nil {
					t.Fatal(err)
				}
				before := files(t, filepath.Dir(path))
				status, said := w.does(t, command, path)
				w.check(t, command, path, status, said, damage.says)
				if shown := strings.Contains(said, "✓ change") || strings.Contains(said, "+ change"); command == "show" && damage.shows && !shown {
					t.Errorf("%s shows nothing:\n%s", command, said)
				}
				same(t, command, before, path)
			}
		})
	}
}

// check holds what a command did on a damaged store against what it must say.
func (w *world) check(t *testing.T, command, path string, status int, said, says string) {
	t.Helper()
	reads := strings.HasPrefix(command, "runs") || strings.HasPrefix(command, "show") || command == "watch" || command == "answer (list)"
	switch {
	case reads && status == ExitPassed: // what was asked for can be read
	case status == ExitPassed, status > ExitRefused:
		t.Errorf("%s: status %d\n%s", command, status, said)
	case !strings.Contains(said, says), !strings.Contains(said, path):
		t.Errorf("%s does not say %q of %s:\n%s", command, says, path, said)
	case !strings.Contains(said, "--store"):
		t.Errorf("%s does not say what to do:\n%s", command, said)
	}
}

func same(t *testing.T, command string, before map[string]string, path string) {
	t.Helper()
	after := files(t, filepath.Dir(path))
	for name, content := range after {
		if was, ok := before[name]; !ok && len(content) > 0 || ok && was != content {
			t.Errorf("%s has changed %s", command, name)
		}
	}
	if len(after) < len(before) {
		t.Errorf("%s has deleted a file", command)
	}
}

// foreign is a database of another program.
func foreign(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "customers.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "CREATE TABLE customers (id INTEGER)")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestStoreThatIsNoFile goes through the commands on what can't be read at all.
func TestStoreThatIsNoFile(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		make func(t *testing.T, path string) error
		says string
	}{
		"a folder": {func(_ *testing.T, path string) error { return os.Mkdir(path, 0o700) }, "is a directory"},
		"empty, with a log": {func(_ *testing.T, path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.WriteFile(path+"-wal", []byte("what was written last"), 0o600))
		}, "it is empty, yet"},
		// As a file that is not ours to read, also for root, who may read everything.
		"a link that leads nowhere": {func(_ *testing.T, path string) error { return os.Symlink(path, path) }, "too many levels of symbolic links"},
	} {
		t.Run(name, func(t *testing.T) {
			for command := range w.commands {
				path := filepath.Join(t.TempDir(), "runs.db")
				if err := c.make(t, path); err != nil {
					t.Fatal(err)
				}
				before := files(t, filepath.Dir(path))
				status, said := w.does(t, command, path)
				w.check(t, command, path, status, said, c.says)
				same(t, command, before, path)
			}
		})
	}
}

// TestFlippedBytes flips bytes anywhere in a history: each command ends with words, and what "runs check" finds something wrong with
// is not written by any.
func TestFlippedBytes(t *testing.T) {
	w := newWorld(t)
	w.sayAll(t)
	for seed := range uint64(*flips) {
		random := rand.New(rand.NewPCG(seed, 779))
		bad := bytes.Clone(w.whole)
		for range 1 + random.IntN(12) {
			bad[random.IntN(len(bad))] ^= byte(1 << random.IntN(8))
		}
		w.judge(t, fmt.Sprint("seed ", seed), bad)
	}
}

// TestOlderPages has each page be what it was before, as where the disk lost a write of it, the next one, or blank in part.
func TestOlderPages(t *testing.T) {
	w := newWorld(t)
	w.sayAll(t)
	for at := 0; at+pageSize <= len(w.whole); at += pageSize {
		for name, page := range map[string][]byte{
			"as it was":  w.older[min(at, len(w.older)):min(at+pageSize, len(w.older))],
			"half blank": make([]byte, pageSize/2),
			"the next":   w.whole[min(at+pageSize, len(w.whole)):min(at+2*pageSize, len(w.whole))],
		} {
			bad := bytes.Clone(w.whole)
			if copy(bad[at:], page); !bytes.Equal(bad, w.whole) {
				w.judge(t, fmt.Sprint("page ", at/pageSize+1, " is ", name), bad)
			}
		}
	}
}

// TestFlippedIDs flips a bit of a run's id wherever that stands.
func TestFlippedIDs(t *testing.T) {
	w := newWorld(t)
	for at := 0; ; at++ {
		next := bytes.Index(w.whole[at:], []byte(w.passed))
		if next < 0 {
			return
		}
		at += next
		bad := bytes.Clone(w.whole)
		bad[at+len(w.passed)-1] ^= 1
		w.judge(t, fmt.Sprint("byte ", at), bad)
	}
}

// judge goes through the commands on a file that may be damaged: where "runs check" finds something wrong, none changes anything, and one
// that can't do what it is for names the file.
func (w *world) judge(t *testing.T, which string, bad []byte) {
	t.Helper()
	damaged := filepath.Join(t.TempDir(), "runs.db")
	if err := os.WriteFile(damaged, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	found, report := w.does(t, "check", damaged)
	for command := range w.commands {
		path := filepath.Join(t.TempDir(), "runs.db")
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		before := files(t, filepath.Dir(path))
		status, said := w.does(t, command, path)
		if found != ExitPassed {
			same(t, command, before, path)
		}
		want, reads := w.said[command]
		if got := strings.ReplaceAll(said, path, "PATH"); reads && got != want && (found == ExitPassed || status == ExitPassed && !strings.Contains(got, "damaged")) {
			t.Errorf("%s: %s says other than before, and not that anything is damaged:\n%s\nand not\n%s", which, command, got, want)
		}
		if status != ExitPassed && found != ExitPassed && (!strings.Contains(said, path) || strings.TrimSpace(said) == "") {
			t.Errorf("%s: %s (status %d) does not name the file:\n%s", which, command, status, said)
		}
		if t.Failed() {
			t.Fatalf("%s; %d: %s", which, found, report)
		}
	}
}
