package engine_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/seal"
)

const approvedSecret = `
provider "fake" {}
step "fake_write" "change" {
  id    = "change"
  value = { token = secret("env:TOKEN") }
  approval {}
}
`

// sealing is the options of a session with a key, a history and a secret in its environment.
func sealing(t *testing.T, key string, j journal.Journal, token string) enginetest.Options {
	t.Helper()
	sealer, err := seal.Open(seal.KeyOptions{Path: key})
	if err != nil {
		t.Fatal(err)
	}
	return enginetest.Options{Journal: j, Seal: sealer.Seal, Unseal: sealer.Open, Env: map[string]string{"TOKEN": token}}
}

// asked is the question of a step that was asked last.
func asked(t *testing.T, out enginetest.Outcome, step string) *run.Question {
	t.Helper()
	var q *run.Question
	for _, e := range out.Events {
		if e.Type == run.StepWaiting && e.Step == step && e.Question != nil {
			q = e.Question
		}
	}
	if q == nil {
		t.Fatalf("step %s asks nothing:\n%s", step, out.Stream)
	}
	return q
}

// TestApprovalOfASecret is given in one session, and counts in the next for the same secret and no other.
func TestApprovalOfASecret(t *testing.T) {
	const first = "hunter2-q7"
	for name, test := range map[string]struct {
		token string
		keep  bool
		runs  bool
		why   string
	}{
		"the same secret":                      {first, true, true, ""},
		"another secret":                       {"hunter3-q7", true, false, run.AgainChanged},
		"the same secret, but the key is lost": {first, false, false, run.AgainUnproven},
	} {
		t.Run(name, func(t *testing.T) {
			fake, key, j := &enginetest.Fake{}, filepath.Join(t.TempDir(), "key"), enginetest.Store(t)
			out := enginetest.Run(t, fake, approvedSecret, sealing(t, key, j, first))
			out.Pauses(t)
			answer(t, j, out, "change", "true")
			if !test.keep {
				if err := os.Remove(key); err != nil {
					t.Fatal(err)
				}
			}
			again := enginetest.Resume(t, fake, out.Result.RunID, sealing(t, key, j, test.token))
			if again.Result == nil || again.Result.Paused == test.runs || fake.Calls("change") != map[bool]int{true: 1}[test.runs] {
				t.Fatalf("%d calls, %+v %v\n%s", fake.Calls("change"), again.Result, again.Diags, again.Stream)
			}
			if test.runs {
				return
			}
			if asked(t, again, "change").Digest == asked(t, out, "change").Digest {
				t.Error("an answer to the first question would count for the second")
			}
			why := asked(t, again, "change").Again
			if why == nil || why.Why != test.why || len(why.Changes) != 1 || why.Changes[0].Path != "value" || why.Changes[0].After != lang.Blank {
				t.Errorf("asked again as %+v", why)
			}
			answer(t, j, out, "change", "true")
			if third := enginetest.Resume(t, fake, out.Result.RunID, sealing(t, key, j, test.token)); third.Result == nil || !third.Result.Paused {
				t.Fatalf("the answer to the first question counted: %+v %v\n%s", third.Result, third.Diags, third.Stream)
			}
			answer(t, j, again, "change", "true")
			last := enginetest.Resume(t, fake, out.Result.RunID, sealing(t, key, j, test.token))
			if last.Result == nil || last.Result.ExitStatus != 0 || fake.Calls("change") != 1 {
				t.Errorf("%d calls, %+v %v\n%s", fake.Calls("change"), last.Result, last.Diags, last.Stream)
			}
		})
	}
}

// TestApprovalOfASecretInside is one that a step of a runbook within the runbook asks for.
func TestApprovalOfASecretInside(t *testing.T) {
	for token, runs := range map[string]bool{"hunter2-q7": true, "hunter3-q7": false} {
		path := enginetest.Write(t, "step \"runbook\" \"in\" { source = \"child.hcl\" }\n")
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), "child.hcl"), []byte("runbook \"child\" {}\n"+approvedSecret), 0o600); err != nil {
			t.Fatal(err)
		}
		fake, key, j := &enginetest.Fake{}, filepath.Join(t.TempDir(), "key"), enginetest.Store(t)
		out := enginetest.RunFile(t, fake, path, sealing(t, key, j, "hunter2-q7"))
		out.Pauses(t)
		answer(t, j, out, "in/change", "true")
		again := enginetest.Resume(t, fake, out.Result.RunID, sealing(t, key, j, token))
		if again.Result == nil || again.Result.Paused == runs || fake.Calls("change") != map[bool]int{true: 1}[runs] {
			t.Errorf("%s: %d calls, %+v %v\n%s", token, fake.Calls("change"), again.Result, again.Diags, again.Stream)
		}
	}
}

// TestApprovalTellsNoSecret looks for the secret, and for what anybody could make of a guess, in every byte of the history.
func TestApprovalTellsNoSecret(t *testing.T) {
	const token = "hunter2-q7"
	dir := t.TempDir()
	j, err := sqlite.Open(t.Context(), filepath.Join(dir, "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	out := enginetest.Run(t, &enginetest.Fake{}, approvedSecret, sealing(t, filepath.Join(t.TempDir(), "key"), j, token))
	if out.Result == nil || !out.Result.Paused || asked(t, out, "change").Keyed == "" {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	guesses := []string{token, `{"token":"` + token + `"}`, `{"id":"change","value":{"token":"` + token + `"}}`}
	read := func() string {
		all := out.Stream
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all += string(content)
		}
		return all
	}
	for _, when := range []string{"open", "closed"} {
		all := read()
		for _, guess := range guesses {
			sum := sha256.Sum256([]byte(guess))
			for _, form := range []string{
				guess, base64.StdEncoding.EncodeToString([]byte(guess)), hex.EncodeToString([]byte(guess)),
				string(sum[:]), hex.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(sum[:]),
			} {
				if strings.Contains(all, form) {
					t.Errorf("while the history is %s, it holds %q, which tells %s", when, form, guess)
				}
			}
		}
		if err := j.Close(); err != nil && when == "open" {
			t.Fatal(err)
		}
	}
}
