package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const keyless = `
runbook "keyless" {}
variable "token" {
  type      = string
  sensitive = true
}
provider "fake" {}
step "fake_write" "a" {
  id    = "a"
  value = var.token
  undo "fake_write" {
    id    = "a back"
    value = var.token
  }
}
step "fake_write" "b" {
  id         = "b"
  depends_on = [step.a]
  undo "fake_write" {
    id    = "b back"
    value = var.token
  }
}
step "fake_write" "bare" {
  id         = "bare"
  value      = var.token
  depends_on = [step.b]
}
`

// namedUndo finds a command that an error names, up to its word.
var namedUndo = regexp.MustCompile(`runbook (undo [^"…]* --in-doubt) (?:done"|…)`)

// waysIn are the arguments of the commands that an error names, which say done.
func waysIn(text string) (ways [][]string) {
	flat := strings.Join(strings.Fields(strings.ReplaceAll(text, "│", "")), " ")
	for _, found := range namedUndo.FindAllStringSubmatch(flat, -1) {
		ways = append(ways, append(strings.Fields(found[1]), run.DecisionDone))
	}
	return ways
}

// keyFile is where the key of the history is.
func (tt *terminal) keyFile() string {
	return filepath.Join(tt.dir, ".local", "state", "runbook", "key")
}

// loseKey takes the key of the history away, and gives its path.
func (tt *terminal) loseKey(t *testing.T) string {
	t.Helper()
	key := tt.keyFile()
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	return key
}

// keylessRun is a run with something in doubt, or failed, of which some was undone where undo says so, and whose key is lost then.
func keylessRun(t *testing.T, breaks map[string]error, undo bool) (tt *terminal, id, key string) {
	t.Helper()
	tt = newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, _ int) error { return breaks[id] }
	tt.run("apply", tt.file(t, "x.hcl", keyless), "--auto-approve", "--var", "token=hunter2-q7")
	if id = tt.lastRun(t); undo {
		tt.again(t, false, "").run("undo", id, "--auto-approve")
	}
	return tt, id, tt.loseKey(t)
}

// TestEachWayWithoutTheKeyWorks: whatever is in doubt beside what there is to undo, the commands that the errors name settle all of the run, one
// after the other, with nothing sent and no other key made.
func TestEachWayWithoutTheKeyWorks(t *testing.T) {
	lost, failed := errors.New("the answer got lost"), enginetest.ErrUnreachable()
	for name, tc := range map[string]struct {
		breaks map[string]error
		undo   bool // it is tried before the key is lost
		word   string
	}{
		"nothing in doubt":                      {},
		"a write in doubt":                      {breaks: map[string]error{"b": lost}},
		"a write in doubt that did not happen":  {breaks: map[string]error{"b": lost}, word: "redo"},
		"one without an undo":                   {breaks: map[string]error{"bare": lost}},
		"an undo in doubt":                      {breaks: map[string]error{"b back": lost}, undo: true},
		"an undo that failed":                   {breaks: map[string]error{"b back": failed}, undo: true},
		"one that failed, and one in doubt":     {breaks: map[string]error{"b back": failed, "a back": lost}, undo: true},
		"a write and an undo in doubt":          {breaks: map[string]error{"bare": lost, "b back": lost}, undo: true},
		"a write and both undos in doubt":       {breaks: map[string]error{"bare": lost, "b back": lost, "a back": lost}, undo: true},
		"a write in doubt, an undo that failed": {breaks: map[string]error{"bare": lost, "b back": failed}, undo: true},
	} {
		for _, last := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, last %t", name, last), func(t *testing.T) {
				tt, id, key := keylessRun(t, tc.breaks, tc.undo)
				did := tt.fake.Log()
				for before := ""; ; {
					refused := tt.again(t, false, "")
					refused.run("undo", id, "--auto-approve")
					said := refused.err.String()
					ways := waysIn(said)
					if ways == nil {
						if !strings.Contains(said, "nothing to undo") {
							t.Errorf("no way is named:\n%s", said)
						}
						break
					}
					if said == before {
						t.Fatalf("nothing has changed:\n%s", said)
					}
					before = said
					args := ways[0]
					if last {
						args = ways[len(ways)-1]
					}
					if tc.word != "" && !strings.Contains(args[2], "@") {
						args[len(args)-1] = tc.word
					}
					next := tt.again(t, false, "")
					if status := next.run(args...); status == ExitRefused || status == ExitFailed {
						t.Fatalf("%q gives %d:\n%s%s", args, status, next.out, next.err)
					}
					if strings.Contains(said+next.out.String()+next.err.String(), "hunter2") {
						t.Errorf("the secret is shown:\n%s%s%s", said, next.out, next.err)
					}
				}
				if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
					t.Error(diff)
				}
				if _, err := os.Stat(key); !os.IsNotExist(err) {
					t.Errorf("there is another key: %v", err)
				}
			})
		}
	}
}

// TestAWordForAllWithoutTheKey settles what is in doubt, in one go where nothing else is to be undone; what is left is told with its commands.
func TestAWordForAllWithoutTheKey(t *testing.T) {
	lost := errors.New("the answer got lost")
	tt, id, _ := keylessRun(t, map[string]error{"bare": lost, "b back": lost, "a back": lost}, true)
	tt.again(t, false, "").does(t, ExitPassed, []string{"bare, fake_write", "✓ undo b", "✓ undo a"}, "undo", id, "--in-doubt", "done")
	tt.again(t, false, "").does(t, ExitRefused, []string{"nothing to undo"}, "undo", id)

	tt, id, _ = keylessRun(t, map[string]error{"bare": lost}, false)
	says := []string{"what was said of bare is kept; no undo was sent", "there is no key", "runbook undo " + id + " b@", "--in-doubt done"}
	next := tt.again(t, false, "")
	next.does(t, ExitLeftOver, says, "undo", id, "--in-doubt", "done")
	if strings.Contains(next.err.String(), "writes in doubt") {
		t.Errorf("what is settled is named:\n%s", next.err)
	}
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"nothing was run, and b stays in doubt"}, "undo", brokenIn(t, tt, "b"), "--in-doubt", "abort")
}

// brokenIn is another run, of which a write is in doubt, without its key.
func brokenIn(t *testing.T, tt *terminal, step string) string {
	t.Helper()
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == step {
			return errors.New("the answer got lost")
		}
		return nil
	}
	next := tt.again(t, false, "")
	next.run("apply", filepath.Join(tt.dir, "x.hcl"), "--auto-approve", "--var", "token=hunter2-q7")
	next.loseKey(t)
	return next.lastRun(t)
}

// TestAnUndoBesideAWriteInDoubt: of a step that was carried out, and another write of which is in doubt, the undo of the first is said to be done
// by its own name, with the key and without.
func TestAnUndoBesideAWriteInDoubt(t *testing.T) {
	for _, key := range []bool{true, false} {
		tt := newTerminal(t, false, nil, nil)
		breaks := map[string]error{"bare": enginetest.ErrUnreachable(), "other": errors.New("the answer got lost")}
		tt.fake.Do = func(_ context.Context, id string, _ int) error { return breaks[id] }
		tt.does(t, ExitFailed, nil, "apply", tt.file(t, "x.hcl", keyless), "--auto-approve", "--var", "token=hunter2-q7")
		id := tt.lastRun(t)
		tt.file(t, "x.hcl", strings.Replace(keyless, `id    = "a"`, `id    = "other"`, 1))
		tt.again(t, false, "").does(t, ExitLeftOver, []string{"a: nobody knows whether it took place"}, "resume", id, "--with-changes", "--auto-approve")
		if !key {
			tt.loseKey(t)
		}
		did := tt.fake.Log()
		tt.again(t, false, "").does(t, ExitLeftOver, []string{"the undo of a, which was never sent, counts as done by hand"}, "undo", id, "a@4", "--in-doubt", "done")
		tt.again(t, false, "").does(t, ExitRefused, []string{"no a@4 to undo"}, "undo", id, "a@4", "--auto-approve")
		if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
			t.Error(diff)
		}
	}
}
