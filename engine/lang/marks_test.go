package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// unmarked are the functions whose results tell nothing of a sensitive argument that shall not be told.
var unmarked = map[string]string{
	"nonsensitive": "that is what it is for",
	"issensitive":  "it tells of the mark, not of the value",
	"type":         "it tells of the type, which is not secret",
}

// moreCalls are of functions that have none in calls.
var moreCalls = []string{
	`base64gzip("a")`, `base64sha512("a")`, `sha512("a")`, `fileset(".", "*.txt")`, `filesha1("a.txt")`, `filesha256("a.txt")`,
	`filesha512("a.txt")`, `secret("env:TOKEN")`, `tomap({ a = 1 })`, `toset(["a"])`,
}

// unread are calls that come to no sensitive value: an earlier argument settles the matter, or nothing gets to be marked.
var unread = map[string]bool{
	`coalesce("", null, "x", sensitive("y"))`: true,
	`can(sensitive(tonumber("x")))`:           true,
	`try(sensitive(tonumber("x")), 5)`:        true,
}

func everyCall() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(calls())), moreCalls...)))
}

// TestEveryFunctionKeepsMarks makes each argument of each call in turn sensitive.
func TestEveryFunctionKeepsMarks(t *testing.T) {
	tried := map[string]bool{}
	for _, source := range everyCall() {
		name, args := callOf(t, source)
		for i := range args {
			tried[name] = true
			marked := withArgument(name, args, i, "sensitive("+args[i].text+")"+args[i].dots)
			t.Run(marked, func(t *testing.T) {
				v, problem := evaluate(t, testScope(nil), marked)
				if problem != "" {
					t.Fatal(problem)
				}
				if kept := marksOf(v); kept != (unmarked[name] == "" && !unread[marked]) {
					t.Errorf("kept the mark: %v", kept)
				}
			})
		}
	}
	for _, name := range FunctionNames() {
		if argless := name == "now" || name == "timestamp"; !tried[name] && !argless && unmarked[name] == "" && name != "sensitive" {
			t.Errorf("no call of %s was tried", name)
		}
	}
}

func marksOf(v cty.Value) bool {
	_, marks := v.UnmarkDeep()
	_, ok := marks[provider.Sensitive]
	return ok
}

// secretText is what is planted. No error may hold a part of it.
const secretText = "hunter2{zq]\\" //nolint:gosec // no credential

// TestNoErrorOfAFunctionQuotesASecret gives each argument of each call in turn a sensitive value that it can't do with.
func TestNoErrorOfAFunctionQuotesASecret(t *testing.T) {
	failed := 0
	for _, source := range everyCall() {
		name, args := callOf(t, source)
		if name == "nonsensitive" {
			continue
		}
		for i := range args {
			for _, planted := range []string{`var.secret`, `[var.secret]`, `{ (var.secret) = 1 }`, `"{\"${var.secret}"`, `sensitive({ hunter2 = 1 })`} {
				call := withArgument(name, args, i, planted)
				scope := testScope(nil)
				scope.Variables["secret"] = cty.StringVal(secretText).Mark(provider.Sensitive)
				scope.Runbook.Variables["secret"] = &Variable{Name: "secret", Type: cty.String}
				v, problem := evaluate(t, scope, call)
				if problem != "" {
					failed++
				}
				// What stands in the source itself is no secret.
				told := strings.ReplaceAll(problem, planted, "")
				for _, part := range []string{"hunter2", "{zq", "'h'", `"h"`} {
					if strings.Contains(told, part) {
						t.Errorf("%s: %q is in %s", call, part, problem)
					}
				}
				if passed := name == "coalesce" && i == 3; v != cty.NilVal && unmarked[name] == "" && !marksOf(v) && !passed && !countsList(name, planted) {
					t.Errorf("%s: the result is not sensitive: %#v", call, v)
				}
			}
		}
	}
	if failed < 100 {
		t.Errorf("only %d calls failed; the test tries nothing", failed)
	}
}

// countsList says that a call gives the length of a list of sensitive values, which is none itself.
func countsList(name, arg string) bool { return name == "length" && strings.HasPrefix(arg, "[") }

// TestMarksThroughExpressions: whatever an expression makes of a secret is one.
func TestMarksThroughExpressions(t *testing.T) {
	for _, source := range []string{
		`"${var.secret}"`, `"a ${var.secret} b"`, `"%{ if var.secret == "x" }a%{ else }b%{ endif }"`, `"%{ for c in [var.secret] }${c}%{ endfor }"`,
		`var.secret == "x"`, `!(var.secret == "x")`, `var.secret != "x" && true`, `var.secret == "x" ? 1 : 2`, `true ? var.secret : "x"`,
		`[for x in [var.secret]: x]`, `[for x in ["a"]: x if var.secret != "b"]`, `{for x in [var.secret]: x => 1}`, `{for x in [var.secret, var.secret]: x => 1...}`,
		`{ (var.secret) = 1 }`, `{ a = var.secret }.a`, `[var.secret][0]`, `{ a = var.secret, b = 2 }["a"]`, `[{ a = var.secret }][*].a`,
		`-length(var.secret)`, `length(var.secret) + 1`, `length(var.secret) > 3`, `[1, 2][length(var.secret) > 3 ? 0 : 1]`,
		`templatefile("t.tmpl", { x = var.secret })`, `jq({ a = var.secret }, ".a")`, `jq({ a = [{ b = var.secret }] }, ".a | length")`,
		`try(tonumber(var.secret), 5)`, `can(tonumber(var.secret))`, `try({ a = var.secret }.b, var.secret)`,
		`keys({ (var.secret) = 1 })`, `jsondecode(jsonencode({ a = var.secret }))`, `format("%v", [var.secret])`, `can(regex("^h", var.secret))`, `coalesce(substr(var.secret, 0, 0), "x")`, `secret("env:TOKEN")`,
		`secret("env:${substr("${var.secret}TOKEN", -5, 5)}")`,
	} {
		t.Run(source, func(t *testing.T) {
			v, problem := evaluate(t, markedScope(), source)
			if problem != "" {
				t.Fatal(problem)
			}
			if !marksOf(v) {
				t.Errorf("the result is not sensitive: %#v", v)
			}
			if text := FormatValue(v) + string(ValueToJSON(v)); strings.Contains(text, "hunter2") {
				t.Errorf("it is shown: %s", text)
			}
		})
	}
}

// TestNoErrorOfAnExpressionQuotesASecret: errors of everything else than functions.
func TestNoErrorOfAnExpressionQuotesASecret(t *testing.T) {
	for _, source := range []string{
		`{for x in [var.secret, var.secret]: x => 1}`, `{ a = 1 }[var.secret]`, `[1][var.secret]`, `tomap({ a = 1 })[var.secret]`, `var.secret + 1`,
		`var.secret ? 1 : 2`, `!var.secret`, `var.secret && true`, `-var.secret`, `var.secret.a`, `var.secret[0]`, `{ (var.secret) = 1 }.a`,
		`[for x in var.secret: x]`, `"a${[var.secret]}"`, `true ? var.secret : [1]`, `var.secret > 3`, `[for x in [1]: x if var.secret]`,
		`{ (["${var.secret}"]) = 1 }`, `min(var.secret...)`, `upper("x", var.secret)`, `templatefile(var.secret, {})`,
		`templatefile("t.tmpl", { y = var.secret })`, `file(var.secret)`, `secret(var.secret)`, `secret("file:${var.secret}")`,
		`secret("env:${var.secret}")`, `env(var.secret) + 1`, `jsondecode(local.json).a`, `jsondecode("{\"${var.secret}")`, `{ a = { (var.secret) = 1 } }.a.b`,
		`format("${var.secret}%d%z", "x")`, `formatlist("%[9]d${var.secret}", ["x"])`,
		// A for expression takes the mark off what it goes over.
		`[for x in split("|", var.secret): tonumber(x)]`, `[for x in split("|", "${var.secret}|${var.secret}"): x if tonumber(x) == 1]`,
		`{for x in split("|", var.secret): x => file(x)}`, `{for x in split("|", "${var.secret}|${var.secret}"): x => 1}`,
		`[for x in split("|", var.secret): [for y in [1]: tonumber(x)]]`, `[for x in ["a"]: [for y in split("|", var.secret): jq(y, "error(.)")]]`,
		`[for x in split("|", var.secret): [for x in [x]: tonumber(x)]]`, `"%{ for x in split("|", var.secret) }${tonumber(x)}%{ endfor }"`,
		`[for x in jsondecode(local.json): tonumber(x.k)]`, `[for x in jsondecode("[{\"a\":\"${var.secret}\"}]"): tonumber(x.a)]`,
		`[for k, v in jsondecode("{\"${var.secret}\": 1}"): tonumber(k)]`, `try([for x in split("|", var.secret): tonumber(x)])`,
	} {
		t.Run(source, func(t *testing.T) {
			scope := markedScope()
			_, problem := evaluate(t, scope, source)
			if problem == "" {
				t.Fatal("no error")
			}
			if strings.Contains(problem, "hunter2") || strings.Contains(problem, "{zq") {
				t.Errorf("the secret is in %s", problem)
			}
		})
	}
}

func markedScope() *Scope {
	scope := testScope(nil)
	scope.Variables["secret"] = cty.StringVal(secretText).Mark(provider.Sensitive)
	scope.Runbook.Variables["secret"] = &Variable{Name: "secret", Type: cty.String}
	return scope
}

// argument is one as it is written.
type argument struct{ text, dots string }

// callOf takes a call apart.
func callOf(t *testing.T, source string) (string, []argument) {
	t.Helper()
	e, diags := ParseExpression(source, "test.hcl")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	call, ok := e.Expression.(*hclsyntax.FunctionCallExpr)
	if !ok {
		t.Fatalf("%s is no call", source)
	}
	var args []argument
	for i, arg := range call.Args {
		at := arg.Range()
		a := argument{text: source[at.Start.Byte:at.End.Byte]}
		if call.ExpandFinal && i == len(call.Args)-1 {
			a.dots = "..."
		}
		args = append(args, a)
	}
	return call.Name, args
}

func withArgument(name string, args []argument, i int, text string) string {
	var parts []string
	for j, a := range args {
		if j == i {
			parts = append(parts, text)
		} else {
			parts = append(parts, a.text+a.dots)
		}
	}
	return fmt.Sprintf("%s(%s)", name, strings.Join(parts, ", "))
}
