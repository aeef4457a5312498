package docs

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/internal/cli"
	"github.com/e82355ed/runbook/internal/runtest"
	"github.com/e82355ed/runbook/providers/builtin"
)

var (
	console = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")
	name    = regexp.MustCompile(`runbook "([a-z0-9-]+)"`)
	// command finds the calls of the program in a line: up to a pipe, a redirection or the next command.
	command = regexp.MustCompile(`(?:^|[ /])runbook ((?:'[^']*'|[^|>&'])+)`)
	word    = regexp.MustCompile(`'[^']*'|\S+`)
)

// TestCommandsInTheDocs types every command of a page in its order, and expects status 0. Files that the page shows, and
// says to write, are there; the rest is seen from the module's folder, and so the lab must be up.
func TestCommandsInTheDocs(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	env := runtest.Lab(t, os.Environ())
	tried := 0
	for _, page := range pages(t) {
		text := read(t, page)
		dir := t.TempDir()
		for _, folder := range []string{"runbooks", "examples"} {
			if err := os.Symlink(filepath.Join(root, folder), filepath.Join(dir, folder)); err != nil {
				t.Fatal(err)
			}
		}
		writeShown(t, dir, text)
		env["XDG_STATE_HOME"] = filepath.Join(dir, "state")
		for _, block := range console.FindAllStringSubmatch(text, -1) {
			for _, args := range commands(block[1]) {
				tried++
				t.Run(filepath.Base(page)+"/"+strings.Join(args, "_"), func(t *testing.T) {
					t.Chdir(dir)
					call(t, env, args)
				})
			}
		}
	}
	if tried == 0 {
		t.Error("there is no command in the pages")
	}
}

// writeShown writes the runbooks that a page shows under their names; of two of a name the first, which the commands mean.
func writeShown(t *testing.T, dir, text string) {
	t.Helper()
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		found := name.FindStringSubmatch(block[2])
		if block[1] == "" || found == nil {
			continue
		}
		path := filepath.Join(dir, found[1]+".hcl")
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := os.WriteFile(path, []byte(block[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// commands gives the arguments of each call in a block. A run's id in it is an example's: those calls are left out.
func commands(block string) [][]string {
	var out [][]string
	for line := range strings.Lines(block) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
		if !ok || strings.HasPrefix(line, "go ") || strings.HasPrefix(line, "make ") || strings.Contains(line, " 01JD") {
			continue
		}
		for _, found := range command.FindAllStringSubmatch(line, -1) {
			var args []string
			for _, arg := range word.FindAllString(found[1], -1) {
				args = append(args, strings.Trim(arg, "'"))
			}
			out = append(out, args)
		}
	}
	return out
}

func call(t *testing.T, env map[string]string, args []string) {
	t.Helper()
	var out, errs bytes.Buffer
	status := cli.Run(t.Context(), &cli.Program{
		Streams: cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs},
		Lookup:  func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		Environ: os.Environ(), User: "test@host", Registry: builtin.Registry, OpenJournal: sqlite.Open,
		Signals: func() (<-chan os.Signal, func()) { return nil, func() {} }, Now: time.Now,
	}, args)
	if status != cli.ExitPassed {
		t.Errorf("status %d:\n%s%s", status, &out, &errs)
	}
}
