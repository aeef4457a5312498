package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
)

// goesOn is a run that is looked at, answered, resumed and undone while it holds secrets.
type goesOn struct {
	*leak
	runbook, id string
	calls       int
	stdin       string // what the next command reads
}

// TestNoSecretIsWrittenWhenARunGoesOn has people approve and answer steps with secrets in them, resumes the run with and
// without its key, loses a write, undoes what was done, and searches all that was written, in either store.
func TestNoSecretIsWrittenWhenARunGoesOn(t *testing.T) {
	for name, store := range map[string]func(*testing.T, *goesOn){"sqlite": inSQLite, "postgres": inPostgres} {
		t.Run(name, func(t *testing.T) {
			g := newGoesOn(t)
			store(t, g)
			g.begin(t)
			g.look(t)
			g.withoutTheKey(t)
			g.answerAll(t)
			g.look(t)
			g.takeBack(t)
			g.look(t)
			g.keep(t)
			g.written(t, 50)
			g.grep(t)
		})
	}
}

func newGoesOn(t *testing.T) *goesOn {
	t.Helper()
	g := &goesOn{leak: newLeak(t)}
	// What it does not read it does not know.
	for _, unread := range []string{"LEAK_BEARER", "LEAK_BASIC", "LEAK_PROMETHEUS", "LEAK_POSTGRES", "LEAK_REDIS", "DATABASE_URL"} {
		delete(g.secrets, unread)
	}
	for name, value := range map[string]string{
		"once": "once hunter2 &only", "was": "was-hunter2-before", "file was": "90817263", "told": `told "hunter2" to the &run`, "told wrong": `told hunter3 in vain!`,
	} {
		g.secrets[name] = value
	}
	g.set("LEAK_ONCE", g.secrets["once"])
	g.set("XDG_STATE_HOME", filepath.Join(g.outputs, "state"))
	leakDeployment(t, g.secrets["was"])
	g.input(t, "written", g.secrets["file was"])
	for _, name := range []string{"run.hcl", "child.hcl"} {
		text, err := os.ReadFile(filepath.Join("testdata", "secrets", "goes_on", name))
		if err != nil {
			t.Fatal(err)
		}
		g.input(t, name, string(text))
	}
	g.runbook = filepath.Join(g.inputs, "run.hcl")
	return g
}

// set sets a variable of the environment.
func (l *leak) set(name, value string) {
	l.env = append(slices.DeleteFunc(l.env, func(set string) bool { return strings.HasPrefix(set, name+"=") }), name+"="+value)
}

func inSQLite(_ *testing.T, g *goesOn) { g.set("RUNBOOK_STORE", filepath.Join(g.outputs, "runs.db")) }

// inPostgres keeps the history in a database of its own, and the key in the environment.
func inPostgres(t *testing.T, g *goesOn) {
	u, err := url.Parse(os.Getenv("LAB_DATABASE_SUPERUSER_URL"))
	if err != nil || u.Host == "" {
		t.Fatal("LAB_DATABASE_SUPERUSER_URL is no URL: run this test with make test or bin/labctl run")
	}
	admin, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	name := "leak_" + strings.ToLower(rand.Text()[:10])
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		if err := errors.Join(err, admin.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	g.secrets["store"], _ = u.User.Password()
	u.Path = "/" + name
	g.set("RUNBOOK_STORE", u.String())
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	g.secrets["key"] = strings.TrimPrefix(identity.String(), "AGE-SECRET-KEY-1")
	g.set("RUNBOOK_KEY", identity.String())
}

// call runs a command, keeps what it prints, and wants one of the exit statuses.
func (g *goesOn) call(t *testing.T, want []int, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	flags := []string{"--log-level", "trace"}
	if slices.Contains([]string{"apply", "resume", "undo", "show"}, args[0]) {
		flags = append(flags, g.reports(fmt.Sprintf("%02d-%s", g.calls+1, args[0]))...)
	}
	c := exec.CommandContext(ctx, "runbook", slices.Concat(args, flags)...)
	c.Env, c.Stdin = g.env, strings.NewReader(g.stdin)
	g.stdin = ""
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	if !slices.Contains(want, c.ProcessState.ExitCode()) {
		t.Fatalf("%s: exit status %d, want one of %v\n%s\n%s", args, c.ProcessState.ExitCode(), want, stdout.String(), stderr.String())
	}
	g.calls++
	for name, text := range map[string][]byte{"stdout": stdout.Bytes(), "stderr": stderr.Bytes()} {
		if err := os.WriteFile(filepath.Join(g.outputs, fmt.Sprintf("%02d-%s.%s", g.calls, args[0], name)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return stdout.String() + stderr.String()
}

// holds demands that something was said, else the test tries less than it seems to.
func holds(t *testing.T, text string, parts ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(strings.ReplaceAll(text, "│", "")), " ") // as it was before it was wrapped
	for _, part := range parts {
		if !strings.Contains(flat, part) && !strings.Contains(text, part) {
			t.Errorf("%q is not in the output:\n%s", part, text)
		}
	}
}

// begin runs the runbook until it waits for people.
func (g *goesOn) begin(t *testing.T) {
	t.Helper()
	text := g.call(t, []int{3}, "apply", g.runbook, "--auto-approve", "--json")
	var event struct{ Run string }
	if err := json.Unmarshal([]byte(text[:strings.Index(text, "\n")]), &event); err != nil {
		t.Fatal(err)
	}
	g.id = event.Run
	g.set("LEAK_ONCE", "") // no session after this one needs it
}

// look reads the run in every way.
func (g *goesOn) look(t *testing.T) {
	t.Helper()
	for _, command := range [][]string{
		{"runs"}, {"runs", "--json"}, {"show", g.id}, {"show", g.id, "--json"}, {"answer", g.id}, {"answer", g.id, "--json"},
	} {
		g.call(t, []int{0}, command...)
	}
	for _, command := range [][]string{{"watch", g.id}, {"watch", g.id, "--json"}} {
		g.call(t, []int{0, 1, 3, 4}, command...)
	}
}

// withoutTheKey resumes with another key, and without one.
func (g *goesOn) withoutTheKey(t *testing.T) {
	t.Helper()
	before := slices.Clone(g.env)
	defer func() { g.env = before }()
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	g.secrets["other key"] = strings.TrimPrefix(other.String(), "AGE-SECRET-KEY-1")
	g.set("RUNBOOK_KEY", other.String())
	holds(t, g.call(t, []int{2}, "resume", g.id, "--auto-approve"), "sealed with another key, not with RUNBOOK_KEY")
	g.set("RUNBOOK_KEY", "")
	g.set("XDG_STATE_HOME", filepath.Join(g.outputs, "nowhere"))
	holds(t, g.call(t, []int{2}, "resume", g.id, "--auto-approve"), "there is no key", "nowhere/runbook/key")
	if _, err := os.Stat(filepath.Join(g.outputs, "nowhere")); err == nil {
		t.Error("a key was made where one was missing")
	}
}

// answerAll approves and answers what waits, and resumes, until the run ends.
func (g *goesOn) answerAll(t *testing.T) {
	t.Helper()
	text, noted := "", false
	for range 12 {
		var waits []struct{ Step string }
		if err := json.Unmarshal([]byte(g.callOut(t, "answer", g.id, "--json")), &waits); err != nil {
			t.Fatal(err)
		}
		resume := []string{"resume", g.id, "--auto-approve"}
		for _, w := range waits {
			switch w.Step {
			case "said":
				// The value is a secret that the run knows and nobody marked.
				resume = append(resume, "--answer", "said="+g.secrets["vault"])
			case "told":
				g.tell(t)
			default:
				// The note lies in the store as it is until the run takes it, and is gone then.
				note := "so it is"
				if len(waits) == 1 {
					note, noted = g.secrets["vault"], true
				}
				g.call(t, []int{0}, "answer", g.id, w.Step, "yes", "--note", note)
			}
		}
		more := g.call(t, []int{3, 4}, resume...)
		if text += more; !strings.Contains(more, "paused:") {
			break
		}
	}
	holds(t, text, "in doubt", "Take the effect of step patch back by hand", "answered", "(sensitive)")
	if !noted {
		t.Error("no note held a secret")
	}
	if strings.Contains(text, "kept: it is") || strings.Contains(text, "said: it is") {
		t.Error("a sealed value did not come back as it was")
	}
}

// tell answers the question whose answer nobody may see, and searches the store while nobody has read the answer.
func (g *goesOn) tell(t *testing.T) {
	t.Helper()
	wrong := g.secrets["told wrong"]
	holds(t, g.call(t, []int{2}, "answer", g.id, "told", wrong), "everybody on this machine can see")
	g.call(t, []int{2}, "resume", g.id, "--answer", "told="+wrong)
	g.stdin = wrong
	holds(t, g.call(t, []int{2}, "answer", g.id, "told"), "the answer does not match the pattern")
	g.stdin = g.secrets["told"]
	g.call(t, []int{0}, "answer", g.id, "told", "--note", "as it is", "--json")
	g.keep(t)
	g.grep(t)
}

// callOut is what a command prints on standard output.
func (g *goesOn) callOut(t *testing.T, args ...string) string {
	t.Helper()
	g.call(t, []int{0}, args...)
	text, err := os.ReadFile(filepath.Join(g.outputs, fmt.Sprintf("%02d-%s.stdout", g.calls, args[0])))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// takeBack undoes, then goes on with changed files and a write in doubt.
func (g *goesOn) takeBack(t *testing.T) {
	t.Helper()
	g.call(t, []int{0, 1, 3, 4}, "undo", g.id, "--auto-approve")
	text, err := os.ReadFile(g.runbook)
	if err != nil {
		t.Fatal(err)
	}
	g.input(t, "run.hcl", strings.Replace(string(text), `LEVEL = "debug"`, `LEVEL = "trace"`, 1))
	holds(t, g.call(t, []int{2}, "resume", g.id, "--in-doubt", "done"), "step env differs")
	g.call(t, []int{0, 1, 3, 4}, "resume", g.id, "--in-doubt", "done", "--with-changes", "--auto-approve")
	g.call(t, []int{0, 4}, "cancel", g.id) // it waits, and no process runs it: this ends it
}

// keep copies what the store holds to where it is searched, and looks at the key.
func (g *goesOn) keep(t *testing.T) {
	t.Helper()
	store := ""
	for _, set := range g.env {
		if name, value, _ := strings.Cut(set, "="); name == "RUNBOOK_STORE" {
			store = value
		}
	}
	key := filepath.Join(g.outputs, "state", "runbook", "key")
	info, err := os.Stat(key)
	if !strings.Contains(store, "://") {
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the key: %v, %v", info, err)
		}
		return
	}
	if err == nil {
		t.Error("a key was made though RUNBOOK_KEY is set")
	}
	if err := os.WriteFile(filepath.Join(g.outputs, "dump"), dump(t, store), 0o600); err != nil {
		t.Fatal(err)
	}
}

// dump is all that the tables of a store hold, bytes in hexadecimal and as they are.
func dump(t *testing.T, store string) []byte {
	t.Helper()
	db, err := pgx.Connect(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.Background()) }() // it only reads
	rows, err := db.Query(t.Context(), "SELECT quote_ident(schemaname)||'.'||quote_ident(tablename) FROM pg_tables WHERE schemaname = 'runbook'")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 4 {
		t.Fatalf("tables: %v, %v", tables, err)
	}
	var out bytes.Buffer
	for _, table := range tables {
		rows, err := db.Query(t.Context(), "SELECT * FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			for _, value := range rows.RawValues() {
				fmt.Fprintf(&out, "%s\n%x\n", value, value)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Contains(out.Bytes(), []byte("run_started")) {
		t.Fatal("the dump holds no events")
	}
	return out.Bytes()
}
