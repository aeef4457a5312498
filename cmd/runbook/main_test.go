package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the output that the scripts expect")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"runbook": main})
}

// TestScript runs the acceptance tests that need nothing but this machine.
func TestScript(t *testing.T) {
	testscript.Run(t, params(filepath.Join("testdata", "script"), func(*testscript.Env) error { return nil }))
}

// labVariables are those of the lab that scripts may use.
var labVariables = []string{
	"KUBECONFIG", "DATABASE_URL", "REDIS_URL", "PROMETHEUS_URL", "LAB_API_URL", "LAB_SITE_ADDRESS", "LAB_SITE_URL", "LAB_CA_FILE",
	"LAB_CLOSED_ADDRESS", "LAB_EXPIRING_ADDRESS",
}

// TestLab runs the acceptance tests against the lab's real services.
func TestLab(t *testing.T) {
	testscript.Run(t, params(filepath.Join("testdata", "lab"), func(env *testscript.Env) error {
		for _, name := range labVariables {
			value := os.Getenv(name)
			if value == "" {
				return fmt.Errorf("%s is not set: run \"make lab-up\" and read its environment file", name)
			}
			env.Setenv(name, value)
		}
		return nil
	}))
}

func params(dir string, setup func(*testscript.Env) error) testscript.Params {
	return testscript.Params{
		Dir: dir, UpdateScripts: *update, RequireExplicitExec: true,
		Deadline: time.Now().Add(5 * time.Minute), // a command that hangs is named, with what it printed
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("USER", "alice")
			env.Setenv("TZ", "UTC")
			return setup(env)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"generate": generate, "steady": steady, "lastrun": lastRun,
		},
	}
}

// changing is what differs from run to run: durations at the end of a line and before the run's id, ids, the host.
var changing = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`(?m) +(<1|[0-9.]+) m?s$`), " TIME"},
	{regexp.MustCompile(` in (<1|[0-9.]+) m?s`), " in TIME"},
	{regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{26}\b`), "RUN"},
	{regexp.MustCompile(`alice@\S+`), "alice@HOST"},
}

// steady writes the standard output of the last command to a file, with what changes from run to run replaced.
func steady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: steady file")
	}
	text := ts.ReadFile("stdout")
	for _, c := range changing {
		text = c.pattern.ReplaceAllString(text, c.with)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// lastRun puts the id of the run that the last command told of in the variable RUN.
func lastRun(ts *testscript.TestScript, neg bool, args []string) {
	ids := changing[2].pattern.FindAllString(ts.ReadFile("stdout"), -1)
	if neg || len(args) != 0 || len(ids) == 0 {
		ts.Fatalf("usage: lastrun, after a command that told of a run")
	}
	ts.Setenv("RUN", ids[len(ids)-1])
}

// generators make inputs that are too long to write down.
var generators = map[string]func(n int) []byte{
	"binary": func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i*7 + i/251)
		}
		return b
	},
	"big": func(n int) []byte {
		return append([]byte("runbook \"big\" {}\n"), bytes.Repeat([]byte("# nothing to see\n"), n/17)...)
	},
	"steps": func(n int) []byte {
		var b bytes.Buffer
		b.WriteString("runbook \"many\" {}\n")
		for i := range n {
			fmt.Fprintf(&b, "check \"c%d\" {\n  assert { condition = %d >= 0 }\n}\n", i, i)
		}
		return b.Bytes()
	},
	"nested": func(n int) []byte {
		return []byte("runbook \"deep\" {}\nlocals {\n  x = " + strings.Repeat("[", n) + strings.Repeat("]", n) + "\n}\n")
	},
	"windows": func(int) []byte {
		return []byte("\ufeffrunbook \"windows\" {}\r\ncheck \"one\" {\r\n  assert { condition = true || false }\r\n}\r\n")
	},
}

// generate writes a generated file: generate kind n file.
func generate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || generators[args[0]] == nil {
		ts.Fatalf("usage: generate kind n file")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), generators[args[0]](n), 0o644))
}
