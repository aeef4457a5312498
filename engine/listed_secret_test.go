package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// listedSecrets are writes that the run found, with something in them that is not shown: %s stands for where it comes from.
var listedSecrets = map[string]struct{ parent, child string }{
	"marked": {parent: `step "fake_write" "each" {
  for_each = toset(["x${step.found.call}"])
  id       = "go"
  value    = sensitive(%s)
}`},
	"known as a secret": {parent: `step "fake_write" "each" {
  for_each = toset(["x${step.found.call}"])
  id       = "go"
  value    = "is ${%s}"
}`},
	"in a runbook": {parent: `step "runbook" "each" {
  for_each  = toset(["x${step.found.call}"])
  source    = "child.hcl"
  variables = { t = %s }
}`, child: `variable "t" { type = string }
step "fake_write" "in" {
  id    = "go"
  value = sensitive(var.t)
}`},
	"known as a secret in a runbook": {parent: `step "runbook" "each" {
  for_each  = toset(["x${step.found.call}"])
  source    = "child.hcl"
  variables = { t = %s }
}`, child: `variable "t" { type = string }
step "fake_write" "in" {
  id    = "go"
  value = var.t
}`},
}

// otherSecret is a secret of each of their sessions, as [enginetest.SecretToken] is.
const otherSecret = "another-s3cret"

// listedSession is a session of such writes.
func listedSession(t *testing.T, c struct{ parent, child string }, source string) (path string, opts enginetest.Options) {
	t.Helper()
	const head = "runbook \"test\" {}\nprovider \"fake\" { password = secret(\"env:PASSWORD\") }\n"
	text := "step \"fake_read\" \"found\" { id = \"found\" }\n" + strings.Replace(c.parent, "%s", source, 1)
	opts = enginetest.Options{Journal: enginetest.Store(t), Seal: plain, Unseal: opened}
	opts.Env = map[string]string{"PASSWORD": otherSecret, "T": enginetest.SecretToken}
	return family(t, head+text, planHead+c.child), opts
}

// TestAYesToASecretThatTheRunListed counts in the next session for what stood there and for no other, be that as much of a secret: taken in before the
// session ended, and not.
func TestAYesToASecretThatTheRunListed(t *testing.T) {
	t.Parallel()
	for name, c := range listedSecrets {
		for which, word := range map[string]string{"the same": enginetest.SecretToken, "another": otherSecret} {
			for _, takenIn := range []bool{false, true} {
				if takenIn && c.child != "" {
					continue // the runbook has begun by then
				}
				t.Run(name+", "+which+map[bool]string{true: ", taken in"}[takenIn], func(t *testing.T) {
					t.Parallel()
					fake := &enginetest.Fake{}
					path, opts := listedSession(t, c, `env("T")`)
					out := enginetest.RunFile(t, fake, path, opts)
					out.Pauses(t)
					if q := asked(t, out, "each"); strings.Contains(out.Stream, enginetest.SecretToken) {
						t.Fatalf("asked %+v\n%s", q, out.Stream)
					}
					answer(t, opts.Journal, out, "each", "true")
					why := run.AgainChanged
					if takenIn {
						why, opts.Journal = run.AgainOther, cutAfterAnswer(t, fake, out.Result.RunID, opts)
					}

					fake, opts.Env = &enginetest.Fake{}, map[string]string{"PASSWORD": otherSecret, "T": word}
					again := enginetest.Resume(t, fake, out.Result.RunID, opts)
					if word == enginetest.SecretToken {
						again.Ends(t, 0)
						return
					}
					again.Pauses(t)
					if q := asked(t, again, "each"); q.Again == nil || q.Again.Why != why || len(q.Again.Changes) == 0 || fake.Calls("go") != 0 {
						t.Fatalf("asked %+v, log %v\n%s", q, fake.Log(), again.Stream)
					}
					answer(t, opts.Journal, again, "each", "true")
					last := enginetest.Resume(t, fake, out.Result.RunID, opts)
					last.Ends(t, 0)
					if fake.Calls("go") != 1 {
						t.Errorf("log %v\n%s", fake.Log(), last.Stream)
					}
				})
			}
		}
	}
}

// meddler says yes at the terminal, and changes a file before it does so for the first time.
type meddler struct {
	change func()
	asker
}

func (m *meddler) Ask(ctx context.Context, w run.Wait) (*run.Answer, error) {
	if len(m.asked) == 0 {
		m.change()
	}
	m.yes = true
	return m.asker.Ask(ctx, w)
}

// TestAYesToASecretThatIsAnotherWhenItIsGiven does not count, in the session that asked either, with a key to keep what it was for, and without.
func TestAYesToASecretThatIsAnotherWhenItIsGiven(t *testing.T) {
	t.Parallel()
	for name, c := range listedSecrets {
		for _, sealed := range []bool{true, false} {
			for times, word := range map[int]string{1: enginetest.SecretToken, 2: otherSecret} {
				t.Run(fmt.Sprint(name, ", asked ", times)+map[bool]string{true: ", sealed"}[sealed], func(t *testing.T) {
					t.Parallel()
					fake := &enginetest.Fake{}
					path, opts := listedSession(t, c, `file("t.txt")`)
					if !sealed {
						opts.Seal, opts.Unseal = nil, nil
					}
					file := filepath.Join(filepath.Dir(path), "t.txt")
					overwrite(t, file, enginetest.SecretToken)
					m := &meddler{change: func() {
						if err := os.WriteFile(file, []byte(word), 0o600); err != nil {
							t.Error(err)
						}
					}}
					opts.Asker = m
					out := enginetest.RunFile(t, fake, path, opts)
					out.Ends(t, 0)
					if len(m.asked) != times || fake.Calls("go") != 1 {
						t.Errorf("asked %d times, log %v\n%s", len(m.asked), fake.Log(), out.Stream)
					}
				})
			}
		}
	}
}

// TestAYesToASecretWithoutTheKey of the session that asked is asked for once more, and a no stays one.
func TestAYesToASecretWithoutTheKey(t *testing.T) {
	t.Parallel()
	for name, c := range listedSecrets {
		for _, yes := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", yes", false: ", no"}[yes], func(t *testing.T) {
				t.Parallel()
				fake := &enginetest.Fake{}
				path, opts := listedSession(t, c, `env("T")`)
				opts.Seal, opts.Unseal = nil, nil
				out := enginetest.RunFile(t, fake, path, opts)
				out.Pauses(t)
				said, err := json.Marshal(yes)
				if err != nil {
					t.Fatal(err)
				}
				answer(t, opts.Journal, out, "each", string(said))
				again := enginetest.Resume(t, fake, out.Result.RunID, opts)
				if !yes {
					again.Ends(t, 1)
					return
				}
				again.Pauses(t)
				if q := asked(t, again, "each"); q.Again == nil || q.Again.Why != run.AgainUnproven || fake.Calls("go") != 0 {
					t.Fatalf("asked %+v, log %v\n%s", q, fake.Log(), again.Stream)
				}
				a := &asker{yes: true} // the open question, and, where something of it is hidden here, the one that this session has the key of
				opts.Asker = a
				last := enginetest.Resume(t, fake, out.Result.RunID, opts)
				last.Ends(t, 0)
				if len(a.asked) > 2 || fake.Calls("go") != 1 {
					t.Errorf("asked %d times, log %v\n%s", len(a.asked), fake.Log(), last.Stream)
				}
			})
		}
	}
}

// TestAYesToASecretThatAnOlderVersionAskedFor, which kept nothing of what it did not show, is asked for once more.
func TestAYesToASecretThatAnOlderVersionAskedFor(t *testing.T) {
	t.Parallel()
	for name, c := range listedSecrets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{}
			path, opts := listedSession(t, c, `env("T")`)
			out := enginetest.RunFile(t, fake, path, opts)
			out.Pauses(t)
			opts.Journal = enginetest.Retell(t, opts.Journal, out.Result.RunID, func(e *run.Event) {
				if e.Question != nil {
					e.Question.Keyed = ""
				}
			})
			answer(t, opts.Journal, out, "each", "true")
			again := enginetest.Resume(t, fake, out.Result.RunID, opts)
			again.Pauses(t)
			if q := asked(t, again, "each"); q.Again == nil || fake.Calls("go") != 0 {
				t.Fatalf("asked %+v, log %v\n%s", q, fake.Log(), again.Stream)
			}
			answer(t, opts.Journal, again, "each", "true")
			enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
			if fake.Calls("go") != 1 {
				t.Errorf("log %v", fake.Log())
			}
		})
	}
}

// TestAYesToWhatReadsAsASecret, and is none, is asked for once.
func TestAYesToWhatReadsAsASecret(t *testing.T) {
	fake, a := &enginetest.Fake{}, &asker{yes: true}
	path, opts := listedSession(t, listedSecrets["known as a secret"], `"(sensitive)"`)
	opts.Asker = a
	out := enginetest.RunFile(t, fake, path, opts)
	out.Ends(t, 0)
	if len(a.asked) != 1 {
		t.Errorf("asked %d times\n%s", len(a.asked), out.Stream)
	}
}
