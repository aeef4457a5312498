package engine_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
)

// touchedSteps is a runbook of which boom fails: what w did is taken up by after, and r is read before.
const touchedSteps = `
locals { v = 1 }
step "fake_read" "r" {
  id      = "r"
  timeout = "20s"
}
step "fake_write" "w" {
  for_each    = toset(["a", "b"])
  id          = "w ${each.key}"
  value       = local.v
  timeout     = "10s"
  depends_on  = [step.r]
}
step "fake_write" "after" { id = "after ${step.w["a"].outcome}" }
step "fake_write" "skipped" {
  id   = "skipped"
  when = local.v > 1
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.after]
}
`

// TestOnlyWhatActsOtherwiseRunsAgain: what took effect is not repeated for a change that decides nothing about what it does, nor for one that comes
// to the same; in a runbook that a step runs neither.
func TestOnlyWhatActsOtherwiseRunsAgain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		old, new string
		does     []string
	}{
		"timeout":           {`"10s"`, `"30s"`, nil},
		"timeout of a read": {`"20s"`, `"30s"`, nil},
		"retry":             {`timeout     = "10s"`, "retry { attempts = 3 }", nil},
		"description":       {`timeout     = "10s"`, `description = "x"`, nil},
		"continue_on_error": {`timeout     = "10s"`, `continue_on_error = true`, nil},
		"depends_on":        {`depends_on  = [step.r]`, ``, nil},
		"precondition":      {`timeout     = "10s"`, "precondition {\n condition = true\n error_message = \"no\"\n }", nil},
		"approval":          {`timeout     = "10s"`, `approval { prompt = "go?" }`, nil},
		"effect":            {`timeout     = "10s"`, `effect = "destructive"`, nil},
		"a constant":        {`v = 1`, `v = 2 - 1`, nil},
		"how it is made":    {`"w ${each.key}"`, `format("w %s", each.key)`, nil},
		"order of keys":     {`toset(["a", "b"])`, `toset(["b", "a"])`, nil},
		"when":              {`timeout     = "10s"`, `when = true`, nil},
		"when of a skip":    {`local.v > 1`, `local.v > 0`, []string{"skipped"}},
		"one instance":      {`"w ${each.key}"`, `each.key == "b" ? "w B" : "w a"`, []string{"w B", "after pass"}},
		"a value":           {`v = 1`, `v = 0`, []string{"w a", "w b", "after pass"}},
		"a read":            {`"r"` + "\n", `"r2"` + "\n", []string{"r2"}},
		"how a read is":     {`"r"` + "\n", `local.v == 1 ? "${lower("R")}" : "x"` + "\n", nil},
		"default":           {`timeout     = "10s"`, `level = 1`, nil},
		"another level":     {`timeout     = "10s"`, `level = 2`, []string{"w a", "w b", "after pass"}},
		"default of a read": {`timeout = "20s"`, `level = 1`, nil},
		"level of a read":   {`timeout = "20s"`, `level = 2`, []string{"r"}},
		"null of a read":    {`timeout = "20s"`, `at = null`, nil},
		"more of a read":    {`timeout = "20s"`, `at = "x"`, []string{"r"}},
		"surroundings":      {`"r"` + "\n", `env("NOBODY_SETS") == null ? "r" : "x"` + "\n", []string{"r"}},
		"what failed":       {`id         = "boom"`, `id         = "boom 2"`, nil},
	}
	for name, tc := range tests {
		for _, syntax := range enginetest.Syntaxes {
			for _, within := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s in %s, within %v", name, syntax.Ending, within), func(t *testing.T) {
					t.Parallel()
					text, file := planHead+touchedSteps, "x"+syntax.Ending
					all := map[string]string{file: syntax.Of(t, text)}
					if within {
						file = "parent.hcl"
						all[file] = planHead + "step \"runbook\" \"in\" { source = \"./x" + syntax.Ending + "\" }\n"
					}
					dir := filepath.Dir(files(t, all))
					mended := false
					fake, opts := fails("boom", &mended), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
					out := enginetest.RunFile(t, fake, filepath.Join(dir, file), opts)
					out.Ends(t, 1)
					before := len(fake.Log())
					if !strings.Contains(text, tc.old) {
						t.Fatal("nothing changes")
					}
					enginetest.Rewrite(t, filepath.Join(dir, "x"+syntax.Ending), syntax.Of(t, strings.Replace(text, tc.old, tc.new, 1)))
					mended = true
					out = enginetest.Resume(t, fake, out.Result.RunID, opts)
					out.Ends(t, 0)
					does := slices.DeleteFunc(slices.Clone(fake.Log()[before:]), func(id string) bool { return strings.HasPrefix(id, "boom") })
					if diff := cmp.Diff(slices.Sorted(slices.Values(tc.does)), slices.Sorted(slices.Values(does))); diff != "" {
						t.Errorf("%s\n%s", diff, out.Stream)
					}
				})
			}
		}
	}
}

// TestInstancesThatAreRepeatedAreNamed before a resume, and no others.
func TestInstancesThatAreRepeatedAreNamed(t *testing.T) {
	t.Parallel()
	const text = `
step "fake_write" "w" {
  for_each = toset(["a", "b", "c"])
  id       = "w ${each.key}"
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w]
}
`
	for changed, want := range map[string]struct{ again, told string }{
		`each.key == "b" ? "w b" : "new"`:           {`boom w["a"] w["c"]`, `step w was carried out 2 times, last at TIME, and runs again: what each did then stays: w["a"], w["c"]`},
		`each.key != "b" ? "w ${each.key}" : "new"`: {`boom w["b"]`, `step w["b"] was carried out at TIME, and runs again: what it did then stays`},
	} {
		mended := false
		fake, opts := fails("boom", &mended), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
		out := enginetest.Run(t, fake, planHead+text, opts)
		out.Ends(t, 1)
		enginetest.Rewrite(t, out.Events[0].Files[0].Path, planHead+strings.Replace(text, `"w ${each.key}"`, changed, 1))
		r, diags := enginetest.New(fake, nil).Recall(t.Context(), out.Result.RunID, engine.RecallOptions{RunOptions: engine.RunOptions{Journal: opts.Journal}, WithChanges: true})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		again := r.Again()
		slices.Sort(again)
		told := regexp.MustCompile(`\d{4}-\S+ \S+ UTC|\d\d:\d\d:\d\d UTC`).ReplaceAllString(strings.Join(r.Repeated, "\n"), "TIME")
		if got := strings.Join(again, " "); got != want.again || told != want.told {
			t.Errorf("%s: again %q, told %q", changed, got, told)
		}
		if diags := r.Drop(t.Context()); diags.HasErrors() {
			t.Fatal(diags)
		}
	}
}

// TestAChangeWithinGoesOnWithin: a step of a runbook that a step runs in instances errs in one, for want of a result, and is written otherwise.
// Nothing else runs again, there or in the other instance, whose run of the step would be what it was.
func TestAChangeWithinGoesOnWithin(t *testing.T) {
	t.Parallel()
	const kid = planHead + `
variable "k" { type = string }
step "fake_write" "work" { id = "work ${var.k}" }
step "fake_write" "post" {
  id         = "post ${var.k}"
  depends_on = [step.work]
}
output "o" { value = "was ${var.k}" }
`
	const parent = planHead + `
step "runbook" "kids" {
  for_each  = toset(["a", "b"])
  source    = "./kid.hcl"
  variables = { k = each.key }
}
step "fake_write" "end" { id = "end ${step.kids["b"].outputs.o}" }
`
	for name, tc := range map[string]struct {
		old, new string
		does     []string
	}{
		"a step":               {`"post ${var.k}"`, `try("post ${var.k}", "x")`, []string{"post a", "end was b"}},
		"an output":            {`"was ${var.k}"`, `try("was ${var.k}", "x")`, []string{"post a", "end was b"}},
		"an output of another": {`"was ${var.k}"`, `"is ${var.k}"`, []string{"post a", "end is b"}},
		"what was done":        {`"work ${var.k}"`, `var.k == "b" ? "work B" : "work ${var.k}"`, []string{"work B", "post b", "post a", "end was b"}},
		"a step that is new":   {`output "o"`, "step \"fake_write\" \"new\" { id = \"new ${var.k}\" }\noutput \"o\"", []string{"new a", "new b", "post a", "end was b"}},
		"what it is given":     {`k = each.key`, `k = each.key == "b" ? "c" : each.key`, []string{"work c", "post c", "post a", "end was c"}},
		"how that is written":  {`k = each.key`, `k = lower(each.key)`, []string{"post a", "end was b"}},
		"instances":            {`toset(["a", "b"])`, `toset(["b", "a"])`, []string{"post a", "end was b"}},
		"how":                  {`depends_on = [step.work]`, "depends_on = [step.work]\n  timeout = \"1m\"", []string{"post a", "end was b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Dir(files(t, map[string]string{"parent.hcl": parent, "kid.hcl": kid}))
			mended := false
			fake, opts := fails("post a", &mended), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
			out := enginetest.RunFile(t, fake, filepath.Join(dir, "parent.hcl"), opts)
			out.Ends(t, 1)
			before := len(fake.Log())
			for name, text := range map[string]string{"kid.hcl": kid, "parent.hcl": parent} {
				enginetest.Rewrite(t, filepath.Join(dir, name), strings.Replace(text, tc.old, tc.new, 1))
			}
			mended = true
			out = enginetest.Resume(t, fake, out.Result.RunID, opts)
			out.Ends(t, 0)
			if diff := cmp.Diff(slices.Sorted(slices.Values(tc.does)), slices.Sorted(slices.Values(fake.Log()[before:]))); diff != "" {
				t.Errorf("%s\n%s", diff, out.Stream)
			}
		})
	}
}

// readsInRunbooks are runbooks that pass a variable on, and read with it.
var readsInRunbooks = map[string]string{
	"parent.hcl": planHead + `
variable "p" {
  type    = string
  default = "p"
}
step "runbook" "kid" {
  source    = "./kid.hcl"
  variables = { k = var.p }
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.kid]
}
`,
	"kid.hcl": planHead + `
variable "k" { type = string }
locals { name = "r ${var.k}" }
step "fake_read" "r" {
  for_each = { a = 1, b = 2 }
  id       = "${local.name}${each.value}"
}
step "runbook" "below" {
  source    = "./below.hcl"
  variables = { k = var.k }
}
step "fake_read" "last" { id = "last ${var.k}" }
`,
	"below.hcl": planHead + `
variable "k" { type = string }
variable "d" {
  type    = string
  default = "d"
}
step "fake_read" "below" { id = "${var.d} ${var.k}" }
`,
	"p.txt": "p",
}

// TestAReadCountsByWhatItComesTo in the files as they were and as they are, in each instance and within runbooks that are given variables.
func TestAReadCountsByWhatItComesTo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		old, new string
		does     []string
	}{
		"a local":               {`"r ${var.k}"`, `format("r %s", var.k)`, nil},
		"without the local":     {"${local.name}${", "r ${var.k}${", nil},
		"another local":         {`"r ${var.k}"`, `"R ${var.k}"`, []string{"R p1", "R p2"}},
		"one instance":          {`"${local.name}${each.value}"`, `"${local.name}${each.value == 1 ? 1 : "x"}"`, []string{"r px"}},
		"how that is given":     {`k = var.p`, `k = "p"`, nil},
		"how it is passed on":   {`{ k = var.k }`, `{ k = lower(var.k) }`, nil},
		"what a variable gives": {`k = var.p`, `k = "q"`, []string{"r q1", "r q2", "d q", "last q"}},
		"what is passed on":     {`{ k = var.k }`, `{ k = upper(var.k) }`, []string{"d P"}},
		"a file":                {`k = var.p`, `k = file("p.txt")`, []string{"r p1", "r p2", "d p", "last p"}},
		"a result":              {`"last ${var.k}"`, `step.r["a"].call > 0 ? "last ${var.k}" : "x"`, nil},
		"another result":        {`"last ${var.k}"`, `"last ${step.r["a"].call}"`, []string{"last 1"}},
		"another default":       {`default = "d"`, `default = "e"`, []string{"e p"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Dir(files(t, readsInRunbooks))
			mended := false
			fake, opts := fails("boom", &mended), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
			out := enginetest.RunFile(t, fake, filepath.Join(dir, "parent.hcl"), opts)
			out.Ends(t, 1)
			before := len(fake.Log())
			for name, text := range readsInRunbooks {
				enginetest.Rewrite(t, filepath.Join(dir, name), strings.Replace(text, tc.old, tc.new, 1))
			}
			mended = true
			out = enginetest.Resume(t, fake, out.Result.RunID, opts)
			out.Ends(t, 0)
			want := append(slices.Clone(tc.does), "boom")
			if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(fake.Log()[before:]))); diff != "" {
				t.Errorf("%s\n%s", diff, out.Stream)
			}
		})
	}
}

// TestAConfigurationCountsForItsSteps where it makes another connection, and not for how it is used.
func TestAConfigurationCountsForItsSteps(t *testing.T) {
	t.Parallel()
	const text = `
runbook "test" {}
locals { most = 3 }
variable "where" {
  type    = string
  default = "s"
}
provider "fake" {
  name    = var.where
  at_once = local.most
}
provider "fake" {
  alias = "eu"
  name  = "eu"
}
step "fake_write" "here" { id = "here" }
step "fake_write" "there" {
  provider = provider.fake.eu
  id       = "there"
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.here, step.there]
}
`
	for name, tc := range map[string]struct {
		old, new string
		does     []string
	}{
		"max_parallel":         {`name    = var.where`, "name    = var.where\nmax_parallel = 1", nil},
		"its own":              {`at_once = local.most`, `at_once = 4`, nil},
		"what that is made of": {`most = 3`, `most = 4`, nil},
		"none of its own":      {`  at_once = local.most`, ``, nil},
		"a part of the system": {`at_once = local.most`, `within = "x"`, []string{"here"}},
		"another alias":        {`name  = "eu"`, "name  = \"eu\"\nwithin = \"x\"", []string{"there"}},
		"a constant":           {`name  = "eu"`, `name  = "${"eu"}"`, nil},
		"one that nobody uses": {`step "fake_write" "here"`, "provider \"fake\" { alias = \"us\" }\nstep \"fake_write\" \"here\"", nil},
		"in another order":     {"provider \"fake\" {\n  alias = \"eu\"\n  name  = \"eu\"\n}\nstep \"fake_write\" \"here\" { id = \"here\" }", "step \"fake_write\" \"here\" { id = \"here\" }\nprovider \"fake\" {\n  name  = \"eu\"\n  alias = \"eu\"\n}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mended := false
			fake, opts := fails("boom", &mended), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
			out := enginetest.Run(t, fake, text, opts)
			out.Ends(t, 1)
			before := len(fake.Log())
			if !strings.Contains(text, tc.old) {
				t.Fatal("nothing changes")
			}
			enginetest.Rewrite(t, out.Events[0].Files[0].Path, strings.Replace(text, tc.old, tc.new, 1))
			mended = true
			out = enginetest.Resume(t, fake, out.Result.RunID, opts)
			out.Ends(t, 0)
			want := append(slices.Clone(tc.does), "boom")
			if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(fake.Log()[before:]))); diff != "" {
				t.Errorf("%s\n%s", diff, out.Stream)
			}
		})
	}
}

// TestAnAnswerStaysForTheSameQuestion however that is written by now; another one is asked.
func TestAnAnswerStaysForTheSameQuestion(t *testing.T) {
	t.Parallel()
	const text = planHead + `
step "fake_ask" "ok" { prompt = "Go on?" }
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.ok]
}
`
	for prompt, asks := range map[string]bool{`"Go ${lower("ON")}?"`: false, `"Go on now?"`: true} {
		mended := false
		fake, opts := fails("boom", &mended), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
		out := enginetest.Run(t, fake, text, opts)
		out.Pauses(t)
		answer(t, opts.Journal, out, "ok", "true")
		enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 1)
		enginetest.Rewrite(t, out.Events[0].Files[0].Path, strings.Replace(text, `"Go on?"`, prompt, 1))
		mended = true
		again := enginetest.Resume(t, fake, out.Result.RunID, opts)
		if again.Result.Paused != asks {
			t.Errorf("%s: asked %v\n%s", prompt, again.Result.Paused, again.Stream)
		}
	}
}
