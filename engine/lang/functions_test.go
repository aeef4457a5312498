package lang

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// wednesday is when the test's run starts.
var wednesday = time.Date(2026, 3, 4, 23, 30, 0, 0, time.UTC)

func testScope(secrets *[]string) *Scope {
	host := FunctionHost{
		Dir: "/books", HomeDir: "/home/ada", StartedAt: wednesday,
		Now:      func() time.Time { return wednesday.Add(time.Minute) },
		Lookup:   func(name string) (string, bool) { return "s3cret", name == "TOKEN" },
		ReadFile: manyFiles(map[string]string{"/books/a.txt": "text\n", "/home/ada/b.txt": "home", "/books/bad": "\xff", "/books/t.tmpl": "<${x}>"}),
	}
	if secrets != nil {
		host.OnSecret = func(s string) { *secrets = append(*secrets, s) }
	}
	rb := newRunbook("/books/test.hcl")
	rb.Variables["marked"] = &Variable{Name: "marked", Type: cty.String}
	rb.Variables["unknown"] = &Variable{Name: "unknown", Type: cty.DynamicPseudoType}
	return &Scope{Runbook: rb, Host: host, Variables: map[string]cty.Value{
		"marked": cty.StringVal("2").Mark(provider.Sensitive), "unknown": cty.DynamicVal,
	}}
}

func evaluate(t *testing.T, scope *Scope, source string) (cty.Value, string) {
	t.Helper()
	e, diags := ParseExpression(source, "test.hcl")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	v, diags := scope.Value(e, Frame{})
	if diags.HasErrors() {
		return cty.NilVal, diags.Error()
	}
	return v, ""
}

// calls states what calls give, as what another expression is written like.
func calls() map[string]string {
	return map[string]string{
		`abs(-3)`:                               `3`,
		`alltrue([])`:                           `true`,
		`alltrue([true, null])`:                 `false`,
		`alltrue([false, var.unknown == 1])`:    `false`,
		`anytrue([])`:                           `false`,
		`anytrue([false, true])`:                `true`,
		`anytrue([true, var.unknown == 1])`:     `true`,
		`ceil(1.2)`:                             `2`,
		`chomp("a\n")`:                          `"a"`,
		`chunklist(["a", "b", "c"], 2)`:         `[["a", "b"], ["c"]]`,
		`coalesce("", null, "x", "y")`:          `"x"`,
		`coalesce(null, 3)`:                     `3`,
		`coalescelist([], ["a"])`:               `["a"]`,
		`compact(["a", "", null])`:              `["a"]`,
		`concat(["a"], [1])`:                    `["a", 1]`,
		`contains(["a"], "a")`:                  `true`,
		`csvdecode("a,b\n1,2")`:                 `[{a = "1", b = "2"}]`,
		`distinct(["a", "a"])`:                  `["a"]`,
		`element(["a", "b"], 3)`:                `"b"`,
		`endswith("abc", "bc")`:                 `true`,
		`flatten([["a"], [["b"]]])`:             `["a", "b"]`,
		`floor(1.9)`:                            `1`,
		`format("%s-%03d", "a", 5)`:             `"a-005"`,
		`formatdate("YYYY", timestamp())`:       `"2026"`,
		`formatlist("%s!", ["a"])`:              `["a!"]`,
		`indent(2, "a\nb")`:                     `"a\n  b"`,
		`index(["a", "b"], "b")`:                `1`,
		`join(",", ["a", "b"])`:                 `"a,b"`,
		`jsondecode("{\"a\":[1,null]}")`:        `{a = [1, null]}`,
		`jsonencode({a = [1, null]})`:           `"{\"a\":[1,null]}"`,
		`keys({b = 1, a = 2})`:                  `["a", "b"]`,
		`length("aé")`:                          `2`,
		`length({a = 1})`:                       `1`,
		`length([1, "a", null])`:                `3`,
		`length(toset(["a", "a"]))`:             `1`,
		`log(8, 2)`:                             `3`,
		`lookup({a = "x"}, "b", "d")`:           `"d"`,
		`lookup(tomap({a = "x"}), "a")`:         `"x"`,
		`lower("A")`:                            `"a"`,
		`matchkeys(["x", "y"], [1, 2], [2])`:    `["y"]`,
		`max(1, 3, 2)`:                          `3`,
		`merge({a = 1}, {a = 2, b = 3})`:        `{a = 2, b = 3}`,
		`min([3, 1]...)`:                        `1`,
		`one([])`:                               `null`,
		`one(["a"])`:                            `"a"`,
		`parseint("ff", 16)`:                    `255`,
		`pow(2, 10)`:                            `1024`,
		`range(1, 4)`:                           `[1, 2, 3]`,
		`regex("[a-z]+", "12ab")`:               `"ab"`,
		`regexall("[0-9]", "a1b2")`:             `["1", "2"]`,
		`replace("a.b", ".", "-")`:              `"a-b"`,
		`replace("a1", "/[0-9]/", "n")`:         `"an"`,
		`replace("ab", "/(a)(b)/", "$2$1")`:     `"ba"`,
		`reverse(["a", "b"])`:                   `["b", "a"]`,
		`setintersection(["a", "b"], ["b"])`:    `["b"]`,
		`setproduct(["a"], ["b", "c"])`:         `[["a", "b"], ["a", "c"]]`,
		`setsubtract(["a", "b"], ["b"])`:        `["a"]`,
		`setunion(["a"], ["b"])`:                `["a", "b"]`,
		`signum(-2)`:                            `-1`,
		`slice(["a", "b", "c"], 1, 2)`:          `["b"]`,
		`sort(["b", "a"])`:                      `["a", "b"]`,
		`split(",", "a,b")`:                     `["a", "b"]`,
		`startswith("abc", "ab")`:               `true`,
		`strcontains("abc", "b")`:               `true`,
		`strrev("ab")`:                          `"ba"`,
		`substr("hello", 1, 3)`:                 `"ell"`,
		`sum([1, 2.5])`:                         `3.5`,
		`timeadd("2026-01-01T00:00:00Z", "1h")`: `"2026-01-01T01:00:00Z"`,
		`timecmp("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00")`: `0`,
		`title("a b")`:                            `"A B"`,
		`tobool("true")`:                          `true`,
		`tolist(["a"])`:                           `["a"]`,
		`tonumber("4")`:                           `4`,
		`tostring(4)`:                             `"4"`,
		`transpose({a = ["x", "y"], b = ["x"]})`:  `{x = ["a", "b"], y = ["a"]}`,
		`trim("--a--", "-")`:                      `"a"`,
		`trimprefix("ab", "a")`:                   `"b"`,
		`trimspace(" a ")`:                        `"a"`,
		`trimsuffix("ab", "b")`:                   `"a"`,
		`try(tonumber("x"), 5)`:                   `5`,
		`can(tonumber("x"))`:                      `false`,
		`type([1])`:                               `"tuple([number])"`,
		`type(null)`:                              `"any"`,
		`type({a = null})`:                        `"object({a=any})"`,
		`upper("a")`:                              `"A"`,
		`values({b = 1, a = 2})`:                  `[2, 1]`,
		`zipmap(["a"], [1])`:                      `{a = 1}`,
		`base64encode("hi")`:                      `"aGk="`,
		`base64decode("aGk=")`:                    `"hi"`,
		`textencodebase64("é", "UTF-16LE")`:       `"6QA="`,
		`textdecodebase64("6QA=", "UTF-16LE")`:    `"é"`,
		`textdecodebase64("6Q==", "ISO-8859-1")`:  `"é"`,
		`urlencode("a b&c")`:                      `"a+b%26c"`,
		`md5("a")`:                                `"0cc175b9c0f1b6a831c399e269772661"`,
		`sha1("a")`:                               `"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"`,
		`sha256("a")`:                             `"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"`,
		`base64sha256("a")`:                       `"ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="`,
		`length(sha512("a"))`:                     `128`,
		`uuidv5("dns", "www.example.com")`:        `"2ed6657d-e927-568b-95e1-2665a8aea6a2"`,
		`yamldecode("a: [1, x]")`:                 `{a = [1, "x"]}`,
		`yamldecode("a: .inf")`:                   `{a = null}`,
		`yamlencode({a = 1})`:                     `"\"a\": 1\n"`,
		`cidrhost("10.12.112.0/20", 16)`:          `"10.12.112.16"`,
		`cidrhost("10.12.112.0/20", -1)`:          `"10.12.127.255"`,
		`cidrhost("fd00:fd12:3456::/72", 34)`:     `"fd00:fd12:3456::22"`,
		`cidrnetmask("172.16.0.0/12")`:            `"255.240.0.0"`,
		`cidrsubnet("172.16.0.0/12", 4, 2)`:       `"172.18.0.0/16"`,
		`cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)`:  `["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"]`,
		`jq({a = [1, 2]}, ".a | length")`:         `2`,
		`jq([1, 2], "map(. * 2)")`:                `[2, 4]`,
		`jq(null, "empty")`:                       `null`,
		`jq({at = now()}, ".at | fromdate")`:      `1772667060`,
		`jq(123456789012345678901234567890, ".")`: `123456789012345678901234567890`,
		`jq([1, "a", {b = null}], ".[2].b")`:      `null`,
		`jq(0, "nan")`:                            `null`,
		`duration("5m")`:                          `300`,
		`duration("1.5s")`:                        `1.5`,
		`duration("1w2d")`:                        `777600`,
		`bytes("25GiB")`:                          `26843545600`,
		`bytes("1.5 kB")`:                         `1500`,
		`bytes("128Mi")`:                          `134217728`,
		`bytes("512")`:                            `512`,
		`avg([1, 2, 6])`:                          `3`,
		`median([4, 1, 3, 2])`:                    `2.5`,
		`percentile([1, 2, 3, 4], 95)`:            `3.85`,
		`percentile([5], 50)`:                     `5`,
		`percentile([1, 2], 100)`:                 `2`,
		`timestamp()`:                             `"2026-03-04T23:30:00Z"`,
		`now()`:                                   `"2026-03-04T23:31:00Z"`,
		`date("2026-01-31", "Europe/Berlin")`:     `"2026-01-31T00:00:00+01:00"`,
		`date("today")`:                           `"2026-03-04T00:00:00Z"`,
		`date("today", "Europe/Berlin")`:          `"2026-03-05T00:00:00+01:00"`,
		`date("yesterday")`:                       `"2026-03-03T00:00:00Z"`,
		`date("last monday")`:                     `"2026-03-02T00:00:00Z"`,
		`date("last wednesday")`:                  `"2026-02-25T00:00:00Z"`,
		`date("start of week")`:                   `"2026-03-02T00:00:00Z"`,
		`date("start of month")`:                  `"2026-03-01T00:00:00Z"`,
		`env("TOKEN")`:                            `"s3cret"`,
		`env("NONE")`:                             `null`,
		`nonsensitive(secret("env:TOKEN"))`:       `"s3cret"`,
		`nonsensitive(secret("file:a.txt"))`:      `"text"`,
		`issensitive(secret("env:TOKEN"))`:        `true`,
		`issensitive(sensitive(1))`:               `true`,
		`issensitive(1)`:                          `false`,
		`file("a.txt")`:                           `"text\n"`,
		`file("~/b.txt")`:                         `"home"`,
		`filebase64("a.txt")`:                     `"dGV4dAo="`,
		`fileexists("a.txt")`:                     `true`,
		`fileexists("c.txt")`:                     `false`,
		`filemd5("a.txt")`:                        `"e1cbb0c3879af8347246f12c559a86b5"`,
		`templatefile("t.tmpl", {x = "y"})`:       `"<y>"`,
		`abspath("x")`:                            `"/books/x"`,
		`basename("/a/b.txt")`:                    `"b.txt"`,
		`dirname("/a/b.txt")`:                     `"/a"`,
		`pathexpand("~/x")`:                       `"/home/ada/x"`,
	}
}

func TestFunctions(t *testing.T) {
	for source, want := range calls() {
		t.Run(source, func(t *testing.T) {
			scope := testScope(nil)
			got, problem := evaluate(t, scope, source)
			if problem != "" {
				t.Fatal(problem)
			}
			expected, _ := evaluate(t, scope, want)
			if diff := cmp.Diff(string(ValueToJSON(expected)), string(ValueToJSON(got))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFunctionErrors(t *testing.T) {
	for source, want := range map[string]string{
		`indent(1001, "a\nb")`:                 "at most 1000 spaces",
		`indent(-1, "a\nb")`:                   "-1 is not a number of spaces",
		`indent(0.5, "a\nb")`:                  "0.5 is not a number of spaces",
		`fileset("/proc", "**")`:               "more than 10000 folders",
		`setproduct(range(1000), range(1000))`: "more than 100000 elements",
		`avg([])`:                              "the list is empty, so it has no avg",
		`sum([1, null])`:                       "its element 1 is null",
		`sum(["1"])`:                           "its element 0 is a string, not a number",
		`percentile([1], 101)`:                 "it goes from 0 to 100",
		`log(0, 10)`:                           "not a finite number",
		`log(-1, 10)`:                          "not a finite number",
		`pow(10, 100000)`:                      "not a finite number",
		`sum([1 / 0, -1 / 0])`:                 "is one of them infinite",
		`1 / 0 % 2`:                            "is one of them infinite",
		`1 / 0`:                                "division by zero",
		`jq([1, 2], ".[]")`:                    "put it into [ ]",
		`jq(1, "][")`:                          "is not a jq filter",
		`jq(1, ".a")`:                          "expected an object",
		`jq(1, "now")`:                         "a filter has no clock",
		`jq(1, "error(\"boom\")")`:             "boom",
		`bytes("25 parsecs")`:                  "is not a size",
		`bytes("5i")`:                          "is not a size",
		`duration("soon")`:                     "is not a duration",
		`secret("env:NONE")`:                   "the environment variable NONE is not set",
		`secret("NONE")`:                       "\"vault:PATH#FIELD\" or \"kubernetes:NAMESPACE/NAME#KEY\"",
		`file("none.txt")`:                     "there is no file /books/none.txt",
		`file("bad")`:                          "is not UTF-8",
		`templatefile("t.tmpl", {})`:           "needs a variable \"x\"",
		`one([1, 2])`:                          "it has 2 elements",
		`index(["a"], "b")`:                    "the list does not hold this value",
		`coalesce("", null)`:                   "no argument is other than null",
		`cidrhost("10.0.0.0/30", 4)`:           "has no host number 4",
		`cidrhost("10.0.0.0", 4)`:              "is not a network",
		`cidrsubnet("10.0.0.0/8", 2, 4)`:       "don't hold subnet number 4",
		`cidrsubnets("10.0.0.0/8", 1, 1, 1)`:   "not enough addresses",
		`date("someday")`:                      "is not a day",
		`date("today", "Mars/Base")`:           "is not a time zone",
		`base64decode("/w==")`:                 "is not UTF-8 text",
		`uuidv5("x", "y")`:                     "a UUID",
		`textencodebase64("€", "ISO-8859-1")`:  "has no character",
		`length(5)`:                            "a string, list, map",
		`lookup({a = 1}, "b")`:                 "there is no key \"b\"",
		`replace("a", "/(/", "b")`:             "missing closing )",
		`tonumber("x")`:                        "cannot convert",
		`nosuch()`:                             "There is no function named \"nosuch\"",
		`lookup({a = var.marked}, var.marked)`: "the reason is not shown",
	} {
		t.Run(source, func(t *testing.T) {
			_, problem := evaluate(t, testScope(nil), source)
			if problem == "" || !strings.Contains(problem, want) {
				t.Errorf("error is %q, want one with %q", problem, want)
			}
		})
	}
}

// TestFunctionsKeepMarksAndUnknowns checks both for every function that takes one string or list.
func TestFunctionsKeepMarksAndUnknowns(t *testing.T) {
	calls := []string{
		`upper(%)`, `length(%)`, `sha256(%)`, `jsonencode(%)`, `jq(%, ".")`, `replace(%, "a", "b")`, `split(",", %)`,
		`sum([tonumber(%)])`, `avg([tonumber(%)])`, `percentile([1, 2], tonumber(%))`, `coalesce(%, "x")`, `lookup({"2" = 1}, %)`,
		`lookup({"2" = 1}, %, 5)`, `format("%%s", %)`, `one([%])`, `index(["2"], %)`, `startswith(%, "a")`, `base64encode(%)`,
		`urlencode(%)`, `alltrue([% == "1"])`, `cidrhost("10.0.0.0/8", %)`, `matchkeys(["a"], [%], ["2"])`, `transpose({a = [%]})`,
		`textencodebase64(%, "UTF-8")`, `yamldecode(%)`, `duration("${%}s")`, `bytes(%)`, `uuidv5("dns", %)`, `date("2026-01-0${%}")`,
		`templatefile("t.tmpl", {x = %})`, `contains(["2"], %)`, `try(%, 1)`, `merge({a = %}, {}).a`, `[for x in [%] : x][0]`,
	}
	for _, call := range calls {
		t.Run(call, func(t *testing.T) {
			scope := testScope(nil)
			source := func(argument string) string {
				return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(call, "%%", "\x00"), "%", argument), "\x00", "%")
			}
			v, problem := evaluate(t, scope, source("var.marked"))
			if problem != "" || !v.HasMarkDeep(provider.Sensitive) {
				t.Errorf("of a sensitive argument: %#v %s", v, problem)
			}
			if v, problem = evaluate(t, scope, source("var.unknown")); problem != "" || v.IsWhollyKnown() {
				t.Errorf("of an unknown argument: %#v %s", v, problem)
			}
		})
	}
}

// TestErrorsHideSensitiveArguments has functions whose errors repeat what they were given.
func TestErrorsHideSensitiveArguments(t *testing.T) {
	for _, source := range []string{
		`duration(var.secret)`, `bytes(var.secret)`, `cidrhost(var.secret, 1)`, `date("${var.secret}x")`, `tonumber(var.secret)`,
		`try(duration(var.secret))`, `jsondecode(var.secret)`, `regex(var.secret, "a")`, `jq(1, var.secret)`, `file(var.secret)`,
		`duration(secret("env:TOKEN"))`, `[for s in [var.secret] : duration(s)]`, `index([1], var.secret)`, `var.object.nope`,
		`parseint(var.secret, 10)`, `timeadd(var.secret, "1h")`, `formatdate(var.secret, "2026")`, `lookup({a = 1}, var.secret)`,
		`element([], var.secret)`, `base64decode(var.secret)`, `{a = 1}[var.secret]`, `var.secret + 1`, `var.map["x"]`,
	} {
		scope := testScope(nil)
		scope.Runbook.Variables["secret"] = &Variable{Name: "secret", Type: cty.String}
		scope.Runbook.Variables["object"] = &Variable{Name: "object", Type: cty.DynamicPseudoType}
		scope.Runbook.Variables["map"] = &Variable{Name: "map", Type: cty.DynamicPseudoType}
		scope.Variables["secret"] = cty.StringVal("s3cret(").Mark(provider.Sensitive)
		scope.Variables["object"] = cty.ObjectVal(map[string]cty.Value{"s3cret": cty.True}).Mark(provider.Sensitive)
		scope.Variables["map"] = cty.MapVal(map[string]cty.Value{"s3cret": cty.True}).Mark(provider.Sensitive)
		_, problem := evaluate(t, scope, source)
		if problem == "" || strings.Contains(problem, "s3cret") {
			t.Errorf("%s: %q", source, problem)
		}
	}
}

func TestStaticFunctions(t *testing.T) {
	scope := testScope(nil)
	scope.Host.Static = true
	for _, source := range []string{`env("TOKEN")`, `secret("env:NONE")`, `now()`, `timestamp()`, `date("today")`} {
		if v, problem := evaluate(t, scope, source); problem != "" || v.IsKnown() || !v.Type().Equals(cty.String) {
			t.Errorf("%s is %#v %s, want an unknown string", source, v, problem)
		}
	}
	if v, problem := evaluate(t, scope, `date("2026-01-01")`); problem != "" || !v.IsKnown() {
		t.Errorf("an absolute date is %#v %s", v, problem)
	}
}

func TestSecretsAreTold(t *testing.T) {
	var secrets []string
	scope := testScope(&secrets)
	evaluate(t, scope, `[secret("env:TOKEN"), secret("file:a.txt"), env("TOKEN")]`)
	if diff := cmp.Diff([]string{"s3cret", "text"}, secrets); diff != "" {
		t.Error(diff)
	}
}

func TestJQEndsItself(t *testing.T) {
	endless := jqFunction(20 * time.Millisecond)
	_, err := endless.Call([]cty.Value{cty.Zero, cty.StringVal("last(repeat(1))")})
	if err == nil || !strings.Contains(err.Error(), "runs for longer than 20ms") {
		t.Errorf("error is %v", err)
	}
}
