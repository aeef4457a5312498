package local

import (
	"context"
	"errors"
	"fmt"
	"os"
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

// call runs an action in a folder.
func call(ctx context.Context, name, dir string, args providertest.Values) (*provider.Result, error) {
	action := New().Action(name)
	attrs := action.Spec().Args().Null().AsValueMap()
	for name, v := range args {
		attrs[name] = v
	}
	return action.Run(ctx, &provider.Call{Client: &client{}, Args: cty.ObjectVal(attrs), Effect: provider.Write, Dir: dir,
		Host: provider.Host{Environ: []string{"PATH=" + os.Getenv("PATH"), "A=host", "B=host"}}})
}

func TestCommand(t *testing.T) {
	dir := tree(t, map[string]string{"bin/tool": "#!/bin/sh\necho tool $1\n", "sub/x": ""})
	if err := os.Chmod(filepath.Join(dir, "bin/tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	null := cty.NullVal(cty.DynamicPseudoType)
	sh := func(script string) providertest.Values {
		return providertest.Values{"command": list("sh", "-c", script)}
	}
	with := func(v providertest.Values, name string, value cty.Value) providertest.Values {
		v[name] = value
		return v
	}
	for name, test := range map[string]struct {
		args    providertest.Values
		want    providertest.Values
		failure string
		summary string
	}{
		"text":           {sh("echo out; echo err >&2"), providertest.Values{"stdout": str("out\n"), "stderr": str("err\n"), "json": null, "exit_code": num(0)}, "", "exit code 0"},
		"no shell":       {providertest.Values{"command": list("echo", "$HOME;", "*")}, providertest.Values{"stdout": str("$HOME; *\n")}, "", "exit code 0"},
		"relative":       {providertest.Values{"command": list("./bin/tool", "x"), "dir": str("sub")}, providertest.Values{"stdout": str("tool x\n")}, "", "exit code 0"},
		"dir":            {providertest.Values{"command": list("pwd"), "dir": str("sub")}, providertest.Values{"stdout": str(dir + "/sub\n")}, "", "exit code 0"},
		"stdin":          {with(sh("cat"), "stdin", str("hello")), providertest.Values{"stdout": str("hello")}, "", "exit code 0"},
		"unread stdin":   {with(sh("exit 0"), "stdin", str(strings.Repeat("x", 1<<20))), providertest.Values{"exit_code": num(0)}, "", "exit code 0"},
		"no stdin":       {sh("cat"), providertest.Values{"stdout": str("")}, "", "exit code 0"},
		"env":            {with(sh("echo $A $B $C"), "env", cty.MapVal(map[string]cty.Value{"B": str("step"), "C": str("new")})), providertest.Values{"stdout": str("host step new\n")}, "", "exit code 0"},
		"lines":          {with(sh(`printf 'a\r\n\nb'`), "format", str("lines")), providertest.Values{"lines": list("a", "", "b")}, "", "exit code 0, 3 lines"},
		"no lines":       {with(sh("true"), "format", str("lines")), providertest.Values{"lines": cty.ListValEmpty(cty.String)}, "", "exit code 0, 0 lines"},
		"json":           {with(sh(`echo '{"a":[1,"b"]}'`), "format", str("json")), providertest.Values{"json": cty.ObjectVal(map[string]cty.Value{"a": cty.TupleVal([]cty.Value{num(1), str("b")})})}, "", "exit code 0"},
		"not json, fail": {with(sh("echo oops; exit 1"), "format", str("json")), providertest.Values{"json": null}, "sh: exit code 1, expected 0.\noops", "exit code 1"},
		"exit code":      {sh("echo why >&2; exit 3"), providertest.Values{"exit_code": num(3)}, "sh: exit code 3, expected 0.\nwhy", "exit code 3"},
		"expected code":  {with(sh("exit 3"), "expected_exit_codes", cty.ListVal([]cty.Value{num(2), num(3)})), nil, "", "exit code 3"},
		"other code":     {with(sh("echo on stdout; exit 4"), "expected_exit_codes", cty.ListVal([]cty.Value{num(2), num(3)})), nil, "sh: exit code 4, expected 2, 3.\non stdout", "exit code 4"},
		"signal":         {sh("kill -KILL $$"), providertest.Values{"exit_code": num(137)}, "sh: killed by signal: killed, expected 0.\n", "killed by signal: killed"},
		"long stderr":    {sh("i=0; while [ $i -lt 999 ]; do echo line $i >&2; i=$((i+1)); done; exit 1"), nil, "line 998", "exit code 1"},
		"invalid bytes":  {sh(`printf 'a\377b'`), providertest.Values{"stdout": str("a\uFFFDb")}, "", "exit code 0"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := call(t.Context(), "local_command", dir, test.args)
			if err != nil {
				t.Fatal(err)
			}
			for attr, want := range test.want {
				equal(t, r.Value.GetAttr(attr), want)
			}
			got := ""
			if r.Failure != nil {
				got = r.Failure.Message + "\n" + r.Failure.Detail
			}
			if (test.failure == "") != (got == "") || !strings.Contains(got, test.failure) {
				t.Errorf("the failure is %q, expected %q", got, test.failure)
			}
			if r.Summary != test.summary {
				t.Errorf("the summary is %q, expected %q", r.Summary, test.summary)
			}
		})
	}
}

func TestCommandErrors(t *testing.T) {
	dir := tree(t, map[string]string{"script": "echo no first line\n"})
	if err := os.Chmod(filepath.Join(dir, "script"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args providertest.Values
		want string
	}{
		"empty":      {providertest.Values{"command": cty.ListValEmpty(cty.String)}, "command is empty"},
		"codes":      {providertest.Values{"command": list("true"), "expected_exit_codes": cty.ListValEmpty(cty.Number)}, "expected_exit_codes is empty"},
		"no program": {providertest.Values{"command": list("")}, "command[0] is empty"},
		"NUL":        {providertest.Values{"command": list("echo", "a\x00b")}, "command[1] holds a NUL"},
		"no name":    {providertest.Values{"command": list("env"), "env": cty.MapVal(map[string]cty.Value{"A=B": str("c")})}, `env: "A=B" is not the name of a variable`},
		"NUL value":  {providertest.Values{"command": list("env"), "env": cty.MapVal(map[string]cty.Value{"A": str("c\x00")})}, "the value of A holds a NUL"},
		"bad script": {providertest.Values{"command": list("./script")}, "#!/bin/sh"},
		"folder":     {providertest.Values{"command": list("./")}, "is a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := call(t.Context(), "local_command", dir, test.args)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, expected %q", err, test.want)
			}
		})
	}
}

// A command whose output can't be read has ended all the same: what is known of it is kept, beside the error.
func TestCommandWithoutJSON(t *testing.T) {
	for name, test := range map[string]struct {
		script, want string
	}{
		"not json":  {`printf '{\n"a": oops}'`, `it is not JSON, which format says: line 2: invalid character 'o' looking for beginning of value. The command itself has ended, with exit code 0. Its output begins with "{\n\"a\": oops}". What it did is done; a resume asks before it runs it again.`},
		"half json": {"printf '{'", `it ends too early. The command itself has ended, with exit code 0. Its output begins with "{".`},
		"long":      {`i=0; while [ $i -lt 50 ]; do printf word; i=$((i+1)); done`, `wordwordword …".`},
		"no json":   {"true", "it wrote nothing, expected JSON as format says. The command itself has ended, with exit code 0. What it did is done"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := call(t.Context(), "local_command", t.TempDir(), providertest.Values{"command": list("sh", "-c", test.script), "format": str("json")})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, expected %q", err, test.want)
			}
			if r == nil || !r.Value.GetAttr("exit_code").RawEquals(num(0)) || provider.NothingDone(err) || !provider.Permanent(err) || !provider.Partial(err) {
				t.Errorf("got %+v beside %v", r, err)
			}
		})
	}
}

// A program that has stopped itself, or was stopped for asking at the terminal, ends as fast as any other.
func TestStoppedCommandsEnd(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := call(ctx, "local_command", t.TempDir(), providertest.Values{"command": list("sh", "-c", "kill -STOP $$")})
	if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > grace {
		t.Errorf("got %v after %s", err, took)
	}
}

func TestPatience(t *testing.T) {
	never := make(chan struct{})
	defer close(never)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := patiently(ctx, func() (int, error) { <-never; return 1, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n, err := patiently(t.Context(), func() (int, error) { return 1, nil }); n != 1 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

// alive reports whether a process runs; one that has ended and waits for its parent does not.
func alive(t *testing.T, pid int) bool {
	t.Helper()
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

// The script leaves a grandchild behind that writes its id into a file and would live for an hour.
const leaves = `sh -c 'echo $$ > pid; exec sleep 3600' & while [ ! -s pid ]; do :; done; `

func TestGrandchildrenDie(t *testing.T) {
	for name, script := range map[string]string{
		"when the command ends":             leaves,
		"when it is stopped":                leaves + "wait",
		"with the output held open":         leaves + "echo done",
		"when they do not mind being asked": strings.Replace(leaves, "echo", "trap \"\" TERM; echo", 1) + "wait",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			ctx, stopped := t.Context(), strings.HasSuffix(script, "wait")
			if stopped {
				var cancel context.CancelFunc
				ctx, cancel = contextUntil(t, filepath.Join(dir, "pid"))
				defer cancel()
			}
			r, err := call(ctx, "local_command", dir, providertest.Values{"command": list("sh", "-c", script)})
			if stopped != errors.Is(err, context.Canceled) {
				t.Errorf("got %v, %v", r, err)
			}
			text, err := os.ReadFile(filepath.Join(dir, "pid"))
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			if alive(t, pid) {
				t.Errorf("the grandchild %d lives on", pid)
			}
		})
	}
}

func TestReadOnlyCommands(t *testing.T) {
	dir := t.TempDir()
	action := New().Action("local_command")
	attrs := action.Spec().Args().Null().AsValueMap()
	attrs["command"] = list("touch", "made")
	for _, c := range []provider.Call{
		{Client: &client{readOnly: true}, Effect: provider.Write},
		{Client: &client{}, Effect: provider.Write, ReadOnly: true},
	} {
		c.Args, c.Dir, c.Host = cty.ObjectVal(attrs), dir, provider.Host{Environ: []string{"PATH=" + os.Getenv("PATH")}}
		if _, err := action.Run(t.Context(), &c); !errors.Is(err, provider.ErrReadOnly) || !provider.NothingDone(err) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "made")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the command ran: %v", err)
	}
}

// contextUntil ends once something is in a file.
func contextUntil(t *testing.T, path string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		waitFor(time.Minute, func() bool {
			file, err := os.Stat(path)
			return err == nil && file.Size() > 0 || ctx.Err() != nil
		})
		cancel()
	}()
	return ctx, cancel
}
