package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// eachOf is a runbook whose instances take their values from somewhere outside, and whose last one fails.
func eachOf(forEach string) string {
	return "provider \"fake\" {}\nlocals { outside = " + forEach + " }\n" + `
step "fake_write" "w" {
  for_each = local.outside
  id       = "do ${each.key} ${each.value}"
  undo "fake_write" { id = "back ${each.key} ${each.value}" }
}
`
}

// TestEachIsKept: what an instance saw as each.value it sees in later sessions, and so does its undo, whatever became of where that was from.
func TestEachIsKept(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"a file":       `jsondecode(file("values.json"))`,
		"a variable":   `{ a = env("A"), b = "two" }`,
		"a secret":     `{ a = secret("env:A"), b = "two" }`,
		"partly":       `merge({ b = "two" }, { a = "${env("A")}" })`,
		"not sensible": `{ a = nonsensitive(secret("env:A")), b = "two" }`,
	} {
		for _, later := range []string{"other", ""} {
			t.Run(name+" "+later, func(t *testing.T) {
				t.Parallel()
				mended := false
				fake, j := fails("do b two", &mended), enginetest.Store(t)
				dir := t.TempDir()
				put := func(file, text string) {
					if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				put("test.hcl", "runbook \"test\" {}\n"+eachOf(source))
				put("values.json", `{"a":"one-of-two","b":"two"}`)
				opts := enginetest.Options{Journal: j, AutoApprove: true, Seal: plain, Unseal: opened, Env: map[string]string{"A": "one-of-two"}}
				out := enginetest.RunFile(t, fake, filepath.Join(dir, "test.hcl"), opts)
				out.Ends(t, 1)
				if strings.Contains(name, "sens") || strings.Contains(name, "secret") {
					if strings.Contains(out.Stream, "one-of-two") {
						t.Errorf("a secret is told:\n%s", out.Stream)
					}
				}
				mended = true
				opts.Env = map[string]string{"A": later}
				if later == "" && name != "a secret" && name != "not sensible" {
					opts.Env = nil
				}
				put("values.json", `{"a":"`+later+`","c":"three"}`)
				id := out.Result.RunID
				enginetest.Resume(t, fake, id, opts).Ends(t, 0)
				enginetest.Undo(t, fake, id, opts).Ends(t, 0)
				if diff := cmp.Diff([]string{"do a one-of-two", "do b two", "do b two", "back b two", "back a one-of-two"}, fake.Log()); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// TestEachWithinIsKept: the variables of a runbook that a step runs may be from outside, too, and its instances hand them on.
func TestEachWithinIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"test.hcl": "runbook \"test\" {}\nprovider \"fake\" {}\nstep \"runbook\" \"kids\" {\n  for_each = { k = env(\"A\") }\n" +
			"  source = \"./kid.hcl\"\n  variables = { all = { a = each.value } }\n}\n",
		"kid.hcl": "runbook \"kid\" {}\nvariable \"all\" { type = map(string) }\n" + eachOf("var.all"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"A": "one"}}
	out := enginetest.RunFile(t, fake, filepath.Join(dir, "test.hcl"), opts)
	out.Ends(t, 0)
	opts.Env = nil
	enginetest.Undo(t, fake, out.Result.RunID, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"do a one", "back a one"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestEachKeepsItsType: a list is no tuple, and equal to a list alone.
func TestEachKeepsItsType(t *testing.T) {
	t.Parallel()
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	text := "provider \"fake\" {}\nstep \"fake_write\" \"w\" {\n  for_each = { a = split(\",\", env(\"A\")) }\n  id = \"do\"\n" +
		"  undo \"fake_write\" { id = each.value == tolist([\"x\", \"y\"]) ? \"same\" : \"other\" }\n}\n"
	opts := enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"A": "x,y"}}
	out := enginetest.Run(t, fake, text, opts)
	out.Ends(t, 0)
	enginetest.Undo(t, fake, out.Result.RunID, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"do", "same"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestEachOfResultsIsNotKept: what results and variables give is in the history already.
func TestEachOfResultsIsNotKept(t *testing.T) {
	t.Parallel()
	text := "variable \"v\" { default = \"one\" }\n" + eachOf("{ a = var.v }")
	for _, e := range enginetest.Run(t, &enginetest.Fake{}, text, enginetest.Options{AutoApprove: true}).Events {
		if e.Type == run.StepExpanded && e.Each != nil {
			t.Errorf("it is kept: %s", e.Each)
		}
	}
}

// TestAnotherEachIsTold: an instance that runs again with the each.value it began with says so where another is there by now, and one that
// does not run again says nothing.
func TestAnotherEachIsTold(t *testing.T) {
	t.Parallel()
	mended := false
	fake, j := fails("do b bad", &mended), enginetest.Store(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "test.hcl")
	enginetest.Rewrite(t, path, "runbook \"test\" {}\n"+eachOf(`jsondecode(file("values.json"))`))
	enginetest.Rewrite(t, filepath.Join(dir, "values.json"), `{"a":"good","b":"bad"}`)
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	out := enginetest.RunFile(t, fake, path, opts)
	out.Ends(t, 1)
	enginetest.Rewrite(t, filepath.Join(dir, "values.json"), `{"a":"better","b":"good"}`)
	out = enginetest.Resume(t, fake, out.Result.RunID, opts)
	out.Ends(t, 1)
	if got := out.Events[0].Repeats; len(got) != 1 || !strings.HasPrefix(got[0], `w["b"] keeps the each.value that it began with`) {
		t.Errorf("told: %q", got)
	}
}

// TestOtherInstancesAreTold: where what a for_each reads gives other keys once the run goes on, a step that has begun keeps those that it has, one that
// has not gets the others, and that is told before: once of each for_each, with few keys, and not where no such step is left.
func TestOtherInstancesAreTold(t *testing.T) {
	t.Parallel()
	const (
		mark = "step \"fake_write\" \"mark\" {\n  for_each = toset(jsondecode(file(\"clusters.json\")))\n  id       = \"mark ${each.key}\"\n}\n"
		kids = "step \"runbook\" \"mark\" {\n  for_each = toset([\"a\", \"b\"])\n  source   = \"./kid.hcl\"\n}\n"
		sure = "step \"fake_ask\" \"sure\" {\n  prompt     = \"Sure?\"\n  depends_on = [step.mark]\n}\n"
		// given is a runbook whose variable decides.
		given = "step \"runbook\" \"done\" {\n  source     = \"./given.hcl\"\n  depends_on = [step.sure]\n  variables  = { all = jsondecode(file(\"clusters.json\")) }\n}\n"
	)
	done := func(each string) string {
		return "step \"fake_write\" \"done\" {\n  for_each   = " + each + "\n  id         = \"done ${each.key}\"\n  depends_on = [step.sure]\n}\n"
	}
	told := func(which, begun, not string) []string {
		return []string{"what for_each reads gives other instances now (" + which + "): what has begun keeps its own (" + begun + "), what has not goes by what is there now (" + not + ")"}
	}
	const few, inKids = "ap new; us gone", `mark["a"]/mark, mark["b"]/mark`
	for name, c := range map[string]struct {
		text, before, after string
		want                []string
	}{
		"a step is left":          {mark + sure + done(`toset(jsondecode(file("./clusters.json")))`), `["eu","us"]`, `["ap","eu"]`, told(few, "mark", "done")},
		"behind a local":          {mark + sure + "locals { some = jsondecode(file(\"clusters.json\")) }\n" + done("{ for c in local.some : c => c }"), `["eu","us"]`, `["ap","eu"]`, told(few, "mark", "done")},
		"none is left":            {mark + sure, `["eu","us"]`, `["ap","eu"]`, nil},
		"it reads something else": {mark + sure + done(`toset(jsondecode(file("others.json")))`), `["eu","us"]`, `["ap","eu"]`, nil},
		"nothing changed":         {mark + sure + done(`toset(jsondecode(file("clusters.json")))`), `["eu","us"]`, `["us","eu"]`, nil},
		"instances of a runbook":  {kids + sure + done(`toset(jsondecode(file("clusters.json")))`), `["eu","us"]`, `["ap","eu"]`, told(few, inKids, "done")},
		"within a runbook":        {mark + sure + strings.NewReplacer(`"mark"`, `"done"`, "kid.hcl\"", "kid.hcl\"\n  depends_on = [step.sure]").Replace(kids), `["eu","us"]`, `["ap","eu"]`, told(few, "mark", "done/mark")},
		"by a variable of one":    {mark + sure + given, `["eu","us"]`, `["ap","eu"]`, told(few, "mark", "done/w")},
		"many": {
			mark + sure + done(`toset(jsondecode(file("clusters.json")))`), `["0"]`, `["1","2","3","4","5","6","7","8","9","a"]`,
			told("1, 2, 3, 4, 5, 6, 7, 8, and 2 more new; 0 gone", "mark", "done"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, clusters := filepath.Join(dir, "test.hcl"), filepath.Join(dir, "clusters.json")
			for file, text := range map[string]string{
				path: "runbook \"test\" {}\nprovider \"fake\" {}\n" + c.text, clusters: c.before, filepath.Join(dir, "others.json"): `["x"]`,
				filepath.Join(dir, "kid.hcl"):   "runbook \"kid\" {}\nprovider \"fake\" {}\n" + mark,
				filepath.Join(dir, "given.hcl"): "runbook \"given\" {}\nvariable \"all\" { type = list(string) }\n" + eachOf("toset(var.all)"),
			} {
				enginetest.Rewrite(t, file, text)
			}
			fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
			out := enginetest.RunFile(t, fake, path, opts)
			out.Pauses(t)
			enginetest.Rewrite(t, clusters, c.after)
			for _, opts.Answers = range []map[string]string{nil, {"sure": "yes"}} {
				out = enginetest.Resume(t, fake, out.Result.RunID, opts)
				if diff := cmp.Diff(c.want, out.Events[0].Repeats); diff != "" {
					t.Error(diff)
				}
			}
			out.Ends(t, 0)
		})
	}
}
