package engine_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// placed are runbooks whose writes, and their undos, act where WHERE says.
func placed() map[string]string {
	steps := `
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "back" }
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w]
}
`
	own := `provider "fake" { name = "s" }` + strings.NewReplacer(`id = "w"`, "id = \"w\"\n  at = AT", `{ id = "back" }`, "{\n    id = \"back\"\n    at = AT\n  }",
		`id         = "boom"`, "id = \"boom\"\n  at = AT").Replace(steps)
	return map[string]string{
		"part of a system":        `provider "fake" { within = env("WHERE") }` + steps,
		"secret part of a system": `provider "fake" { within = secret("env:WHERE") }` + steps,
		"argument":                strings.ReplaceAll(own, "AT", `"http://host/${env("WHERE")}"`),
		"home":                    strings.ReplaceAll(own, "AT", `pathexpand("~/path")`),
		"secret argument":         strings.ReplaceAll(own, "AT", `secret("env:WHERE")`),
		"part of an argument":     strings.ReplaceAll(own, "AT", `"${secret("env:WHERE")}/path"`),
		"local":                   "locals { base = secret(\"env:WHERE\") }\n" + strings.ReplaceAll(own, "AT", `"${local.base}/path"`),
	}
}

const (
	hereIs  = "http://tenants/alpha-7316"
	thereIs = "http://tenants/omega-9482"
)

// sealedAt are options for an environment, with a key.
func sealedAt(t *testing.T, key string, j journal.Journal, where string) enginetest.Options {
	t.Helper()
	opts := sealing(t, key, j, "")
	opts.Env, opts.AutoApprove = map[string]string{"WHERE": where, "HOME": where}, true
	return opts
}

// beganHere is a run in which w was carried out, and boom erred.
func beganHere(t *testing.T, text string) (fake *enginetest.Fake, key string, j journal.Journal, id string) {
	t.Helper()
	mended := false
	fake, key, j = fails("boom", &mended), filepath.Join(t.TempDir(), "key"), enginetest.Store(t)
	out := enginetest.Run(t, fake, text, sealedAt(t, key, j, hereIs))
	if out.Result == nil || out.Result.ExitStatus == 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	mended = true
	return fake, key, j, out.Result.RunID
}

// undoneAt undoes a run, and looks whether it was done.
func undoneAt(t *testing.T, fake *enginetest.Fake, id string, opts enginetest.Options) {
	t.Helper()
	before := fake.Calls("back")
	if out := enginetest.Undo(t, fake, id, opts); out.Result == nil || fake.Calls("back") != before+1 {
		t.Fatalf("it was not undone: %v\n%s", out.Diags, out.Stream)
	}
}

// TestMovedPlace: nothing is sent to, or undone at, another part of a system than the run had, whoever names it, and whether or not
// everybody may see it.
func TestMovedPlace(t *testing.T) {
	t.Parallel()
	for name, text := range placed() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, key, j, id := beganHere(t, text)
			out := enginetest.Resume(t, fake, id, sealedAt(t, key, j, thereIs))
			if out.Result != nil || !strings.Contains(out.Diags.Error(), "The run has another system") {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			told := out.Diags.Error()
			if name == "argument" || name == "home" { // which the undo has from its step's time, so that it acts there
				undoneAt(t, fake, id, sealedAt(t, key, j, thereIs))
				return
			}
			out = enginetest.Undo(t, fake, id, sealedAt(t, key, j, thereIs))
			out.Ends(t, 4)
			if fake.Calls("back") != 0 || fake.Calls("boom") != 1 {
				t.Errorf("something was sent: %v", fake.Log())
			}
			told += out.Stream
			if secret := strings.Contains(text, "secret("); secret == strings.Contains(told, "alpha-7316") || secret == strings.Contains(told, "omega-9482") {
				t.Errorf("what is told:\n%s", told)
			}
			undoneAt(t, fake, id, sealedAt(t, key, j, hereIs))
			enginetest.Resume(t, fake, id, sealedAt(t, key, j, hereIs)).Ends(t, 0)
		})
	}
}

// TestPlaceThatIsLost: where nobody can tell whether it is the same place, nothing is sent there.
func TestPlaceThatIsLost(t *testing.T) {
	t.Parallel()
	for name, text := range placed() {
		if !strings.Contains(text, "secret(") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, _, j, id := beganHere(t, text)
			out := enginetest.Resume(t, fake, id, at(j, ""))
			if out.Result != nil || !out.Diags.HasErrors() {
				t.Errorf("%+v\n%s", out.Result, out.Stream)
			}
			opts := enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"WHERE": hereIs}}
			out = enginetest.Undo(t, fake, id, opts)
			out.Ends(t, 4)
			if !strings.Contains(out.Stream, "can't be read back") || fake.Calls("back") != 0 {
				t.Errorf("%v\n%s", fake.Log(), out.Stream)
			}
		})
	}
}

// TestUndoPlaceFromResult: where an undo acts can depend on what its step gave.
func TestUndoPlaceFromResult(t *testing.T) {
	t.Parallel()
	fake, key, j, id := beganHere(t, `
provider "fake" { name = "s" }
step "fake_write" "w" {
  id    = "w"
  value = "item"
  undo "fake_write" {
    id = "back"
    at = "${secret("env:WHERE")}/${self.value}"
  }
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w]
}
`)
	enginetest.Undo(t, fake, id, sealedAt(t, key, j, thereIs)).Ends(t, 4)
	if fake.Calls("back") != 0 {
		t.Error("it was undone there")
	}
	undoneAt(t, fake, id, sealedAt(t, key, j, hereIs))
}

// TestPlaceInDoubt: no other place is asked about a write in doubt.
func TestPlaceInDoubt(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"part of a system", "secret part of a system"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, key, whole, id := beganHere(t, placed()[name])
			j, _ := cutAtStart(t, whole, id, "boom")
			asked := 0
			fake := &enginetest.Fake{Inquire: func(string) (provider.State, string, error) {
				asked++
				return provider.Done, "it is there", nil
			}}
			for where, want := range map[string]int{thereIs: 0, hereIs: 1} {
				opts := sealedAt(t, key, j, where)
				e := enginetest.New(fake, opts.Env)
				r, diags := e.Recall(t.Context(), id, engine.RecallOptions{
					RunOptions: engine.RunOptions{Journal: j, Seal: opts.Seal, Unseal: opts.Unseal}, WithChanges: true,
				})
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				asked = 0
				for _, d := range r.Doubts() {
					if _, err := r.Inquire(t.Context(), d); (err != nil) != (want == 0) {
						t.Error(err)
					}
				}
				if asked != want {
					t.Errorf("with %s it was asked %d times", where, asked)
				}
				if diags := r.Drop(t.Context()); diags.HasErrors() {
					t.Error(diags)
				}
			}
		})
	}
}

// cutAtStart is a history that ends with the start of a step.
func cutAtStart(t *testing.T, whole journal.Journal, id, step string) (journal.Journal, int) {
	t.Helper()
	n := 0
	for entry, err := range whole.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; entry.Event.Type == run.StepStarted && entry.Event.Step == step {
			return enginetest.CutAfter(t, whole, id, n), n
		}
	}
	t.Fatalf("step %s was not started", step)
	return nil, 0
}

// TestCancelElsewhere: cancel undoes nothing at another place than a step acted.
func TestCancelElsewhere(t *testing.T) {
	t.Parallel()
	for name, provider := range map[string]string{"another system": `name = env("WHERE")`, "another part": `within = env("WHERE")`, "a secret part": `within = secret("env:WHERE")`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, key, j := &enginetest.Fake{}, filepath.Join(t.TempDir(), "key"), enginetest.Store(t)
			out := enginetest.Run(t, fake, `
provider "fake" { `+provider+` }
step "fake_write" "w" {
  id = "w"
  undo "fake_write" {
    on = "end"
    id = "back"
  }
}
step "fake_ask" "ask" {
  prompt     = "Well?"
  depends_on = [step.w]
}
`, sealedAt(t, key, j, hereIs))
			out.Pauses(t)
			id := out.Result.RunID
			out = enginetest.Cancel(t, fake, id, sealedAt(t, key, j, thereIs))
			out.Ends(t, 4)
			if fake.Calls("back") != 0 || !strings.Contains(out.Stream, "nothing was sent") {
				t.Errorf("it was undone there:\n%s", out.Stream)
			}
			undoneAt(t, fake, id, sealedAt(t, key, j, hereIs))
		})
	}
}

// older is a history as versions kept it that told less of a place.
func older(t *testing.T, from journal.Journal, id string) journal.Journal {
	t.Helper()
	return enginetest.Retell(t, from, id, func(e *run.Event) {
		e.Kept, e.SentTo, e.UndoAt = "", "", nil
		e.Target = strings.TrimSuffix(e.Target, "/"+hereIs)
		if e.Header != nil {
			header := *e.Header
			header.Places, header.Targets = nil, append([]run.Target(nil), e.Targets...)
			for i := range header.Targets {
				header.Targets[i].Kept, header.Targets[i].Target = "", strings.TrimSuffix(header.Targets[i].Target, "/"+hereIs)
			}
			e.Header = &header
		}
	})
}

// TestOlderPlace: what a version before did not tell is not another system. What it told is compared.
func TestOlderPlace(t *testing.T) {
	t.Parallel()
	for name, text := range placed() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, key, j, id := beganHere(t, text)
			old := older(t, j, id)
			for entry, err := range old.Events(t.Context(), id) {
				if err != nil {
					t.Fatal(err)
				}
				if e, err := json.Marshal(entry.Event); err != nil || strings.Contains(string(e), `"kept"`) {
					t.Fatalf("%v: %s", err, e)
				}
			}
			undoneAt(t, fake, id, sealedAt(t, key, old, hereIs))
			enginetest.Resume(t, fake, id, sealedAt(t, key, old, hereIs)).Ends(t, 0)
			out := enginetest.Resume(t, fake, id, sealedAt(t, key, old, hereIs))
			if out.Diags.HasErrors() && strings.Contains(out.Diags.Error(), "another system") {
				t.Error(out.Diags)
			}
		})
	}
}

// TestPasswordIsNoPlace: another password is not another system.
func TestPasswordIsNoPlace(t *testing.T) {
	t.Parallel()
	fake, key, j, id := beganHere(t, `provider "fake" { password = secret("env:WHERE") }
`+movable[strings.Index(movable, "step"):])
	undoneAt(t, fake, id, sealedAt(t, key, j, thereIs))
	enginetest.Resume(t, fake, id, sealedAt(t, key, j, thereIs)).Ends(t, 0)
}
