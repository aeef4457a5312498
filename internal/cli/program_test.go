package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// terminal is a program whose world the test holds.
type terminal struct {
	*Program
	fake     enginetest.Fake
	out, err *lockedBuffer
	signals  chan os.Signal
	dir      string
}

// lockedBuffer may be read while a command writes; written gets a value after each write.
type lockedBuffer struct {
	written chan struct{}

	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.written <- struct{}{}:
	default: // whoever waits has not looked yet
	}
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newTerminal makes a program that a person with this environment sits at, if interactive.
func newTerminal(t *testing.T, interactive bool, in io.Reader, env map[string]string) *terminal {
	t.Helper()
	written := make(chan struct{}, 1)
	tt := &terminal{out: &lockedBuffer{written: written}, err: &lockedBuffer{written: written}, signals: make(chan os.Signal, 3), dir: t.TempDir()}
	tt.Program = &Program{
		Streams: Streams{
			In: in, Out: tt.out, Err: tt.err,
			InTerminal: interactive, OutTerminal: interactive, ErrTerminal: interactive,
		},
		Lookup:  func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		HomeDir: tt.dir, User: "alice@laptop",
		Registry:    func() *provider.Registry { return provider.NewRegistry(tt.fake.Provider()) },
		OpenJournal: sqlite.Open,
		Signals:     func() (<-chan os.Signal, func()) { return tt.signals, func() {} },
		Now:         time.Now,
	}
	return tt
}

// file writes a file and gives its path.
func (tt *terminal) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(tt.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func (tt *terminal) run(args ...string) int { return Run(context.Background(), tt.Program, args) }

func TestColour(t *testing.T) {
	tests := map[string]struct {
		env      map[string]string
		flag     bool
		terminal bool
		want     bool
	}{
		"terminal":      {terminal: true, want: true},
		"no terminal":   {terminal: false},
		"NO_COLOR":      {terminal: true, env: map[string]string{"NO_COLOR": "1"}},
		"empty":         {terminal: true, env: map[string]string{"NO_COLOR": ""}, want: true},
		"--no-color":    {terminal: true, flag: true},
		"CI":            {terminal: true, env: map[string]string{"CI": "true"}},
		"dumb terminal": {terminal: true, env: map[string]string{"TERM": "dumb"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, tc.terminal, nil, tc.env)
			tt.noColour = tc.flag
			if got := tt.palette(tt.OutTerminal) != (term.Palette{}); got != tc.want {
				t.Errorf("colour %v, want %v", got, tc.want)
			}
		})
	}
}

func TestGlyphs(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want string
	}{
		"nothing is said": {nil, "✓"},
		"UTF-8":           {map[string]string{"LANG": "en_US.UTF-8"}, "✓"},
		"C.utf8":          {map[string]string{"LANG": "C.utf8"}, "✓"},
		"POSIX":           {map[string]string{"LANG": "POSIX"}, "+"},
		"LC_ALL wins":     {map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "+"},
		"Latin 1":         {map[string]string{"LC_CTYPE": "de_DE.ISO-8859-1"}, "+"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newTerminal(t, true, nil, tc.env).glyphs().Pass; got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestStorePath(t *testing.T) {
	tests := map[string]struct {
		flag, home string
		env        map[string]string
		want       string
	}{
		"flag":         {"x.db", "/home/a", map[string]string{"XDG_STATE_HOME": "/state"}, "x.db"},
		"XDG":          {"", "/home/a", map[string]string{"XDG_STATE_HOME": "/state"}, "/state/runbook/runs.db"},
		"relative XDG": {"", "/home/a", map[string]string{"XDG_STATE_HOME": "state"}, "/home/a/.local/state/runbook/runs.db"},
		"home":         {"", "/home/a", nil, "/home/a/.local/state/runbook/runs.db"},
		"none":         {"", "", nil, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, tc.env)
			tt.HomeDir = tc.home
			got, err := tt.storePath(tc.flag)
			if got != tc.want || (err != nil) != (tc.want == "") {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

// TestCommandsNameARelativeStoreInFull: they work from any folder, as the help of an incident is pasted into another shell.
func TestCommandsNameARelativeStoreInFull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "of the team")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	tt := newTerminal(t, false, nil, nil)
	store := " --store '" + filepath.Join(dir, "rel.db") + "'"
	tt.does(t, ExitInterrupted, []string{"calm yes|no" + store, "resume with: runbook resume"}, "apply", tt.file(t, "x.hcl", asksFirst), "--auto-approve", "--store", "rel.db")
	said := tt.out.String() + tt.err.String()
	if strings.Contains(said, "--store rel.db") {
		t.Errorf("a command only works from one folder:\n%s", said)
	}
	_, id, _ := strings.Cut(said, "resume with: runbook resume ")
	id, _, _ = strings.Cut(id, " ")
	for _, command := range [][]string{{"show", id}, {"answer", id}, {"runs", "check"}} {
		again := tt.again(t, false, "")
		again.does(t, ExitPassed, nil, append(command, "--store", "./rel.db")...)
		if said := again.out.String() + again.err.String(); strings.Contains(said, "rel.db") && strings.Count(said, "--store") != strings.Count(said, store) {
			t.Errorf("%v: a command only works from one folder:\n%s", command, said)
		}
	}
}

// TestMistypedStore is refused, and makes nothing: it would be a new history.
func TestMistypedStore(t *testing.T) {
	t.Chdir(t.TempDir())
	for address, says := range map[string]string{
		"nosuch/deep/x.db": "the folder nosuch/deep does not exist",
		"postgres:/x":      "postgres://USER@HOST/DATABASE",
	} {
		for _, command := range [][]string{{"runs"}, {"apply", "x.hcl", "--auto-approve"}} {
			tt := newTerminal(t, false, nil, nil)
			if command[0] == "apply" {
				command[1] = tt.file(t, "x.hcl", undoable)
			}
			tt.does(t, ExitRefused, []string{says}, append(command, "--store", address)...)
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("made %v, %v", entries, err)
	}
}

func TestLogsAreRedacted(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.logLevel = "debug"
	flush := tt.start()
	if err := tt.openLog(); err != nil {
		t.Fatal(err)
	}
	tt.redactor.Add("hunter2-secret")
	tt.log.Debug("connecting", "password", "hunter2-secret")
	if err := flush(); err != nil {
		t.Fatal(err)
	}
	if text := tt.err.String(); strings.Contains(text, "hunter2") || !strings.Contains(text, "(sensitive)") {
		t.Errorf("the log says %q", text)
	}
}

// TestMomentsLookAlike: views and providers know nothing of each other, and write times for people in the same way.
func TestMomentsLookAlike(t *testing.T) {
	if view.MomentFormat != provider.MomentFormat {
		t.Errorf("a view writes %s, a provider %s", view.MomentFormat, provider.MomentFormat)
	}
}
