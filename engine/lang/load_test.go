package lang

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// first is the text of the first diagnostic.
func first(diags hcl.Diagnostics) string {
	if len(diags) == 0 {
		return ""
	}
	return diags[0].Summary + ": " + diags[0].Detail
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadBadFiles(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ path, want string }{
		"missing":    {filepath.Join(dir, "none.hcl"), "There is no file"},
		"no folder":  {filepath.Join(dir, "none", "none.hcl"), "There is no file"},
		"in a file":  {filepath.Join(write(t, dir+"/x", ""), "r.hcl"), "not a directory"},
		"directory":  {dir, "is a directory"},
		"empty":      {write(t, dir+"/empty.hcl", ""), "The file is empty"},
		"10 MB":      {write(t, dir+"/big.hcl", strings.Repeat("# comment\n", 1<<20)), "it is too large"},
		"junk":       {write(t, dir+"/junk.hcl", "runbook \"r\" {}\n\x00\x01\xff\xfe"), "its byte 16 does not belong in one"},
		"not UTF-8":  {write(t, dir+"/latin.hcl", "runbook \"r\" {}\n# caf\xe9\n"), "its byte 21 does not"},
		"broken":     {write(t, dir+"/a.hcl.json", "{"), "ends prematurely"},
		"json depth": {write(t, dir+"/d.json", strings.Repeat("[", 1<<20)), "nested 100 deep"},
		"depth":      {write(t, dir+"/d.hcl", "a = "+strings.Repeat("(", 1<<20)), "nested 100 deep"},
		"not":        {write(t, dir+"/n.hcl", "a = "+strings.Repeat("!", 1<<20)+"true"), "2000 operators"},
		"ternaries":  {write(t, dir+"/t.hcl", "a = "+strings.Repeat("true?1:", 1<<18)+"1"), "2000 operators"},
		"indexes":    {write(t, dir+"/i.hcl", "a = b"+strings.Repeat("[c]", 1<<18)), "2000 operators"},
		"blocks":     {write(t, dir+"/b.hcl", strings.Repeat("a {\n", 1<<18)), "nested 100 deep"},
		"templates":  {write(t, dir+"/s.hcl", "a = "+strings.Repeat("\"${", 1<<18)), "nested 100 deep"},
		"directives": {write(t, dir+"/p.hcl", "a = \""+strings.Repeat("%{if true}", 1<<18)+"\""), "2000 operators"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			rb, diags := Load(c.path, LoadOptions{})
			if rb == nil || !strings.Contains(first(diags), c.want) {
				t.Errorf("first diagnostic is %q, want one with %q", first(diags), c.want)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestLoadGoodFiles(t *testing.T) {
	deep := "runbook \"r\" {}\nlocals {\n  x = " + strings.Repeat("[", 90) + strings.Repeat("]", 90) + "\n}\n"
	chain := "runbook \"r\" {}\nlocals {\n  x = 1" + strings.Repeat(" + 1", 1000) + "\n}\n"
	for name, source := range map[string]string{
		"90 levels": deep, "1,000 operators": chain, "5,000 steps": string(manySteps(5000)),
		"byte-order mark": "\ufeffrunbook \"r\" {}\n", "windows": "runbook \"r\" {\r\n  title = \"x\"\r\n}\r\n",
		"brackets in text":      "runbook \"r\" {\n  title = \"" + strings.Repeat("((((", 100) + "\"\n}\n",
		"brackets in comments":  "runbook \"r\" {}\n# " + strings.Repeat("((((", 100) + "\n/*" + strings.Repeat("[", 300) + "*/\n",
		"brackets in a heredoc": "runbook \"r\" {}\nlocals {\n  x = <<-EOT\n" + strings.Repeat("{", 300) + "\n  EOT\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, diags := Load("r.hcl", LoadOptions{ReadFile: oneFile("r.hcl", []byte(source))}); diags.HasErrors() {
				t.Error(diags)
			}
		})
	}
}

func TestWorkspaceIsFoundAbove(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/workspace.hcl", "variable \"where\" { default = \"top\" }\n")
	write(t, dir+"/near/workspace.hcl.json", `{"variable": {"where": {"default": "near"}}}`)
	for path, want := range map[string]string{"a.hcl": "top", "b/c/d.hcl": "top", "near/e/f.hcl": "near"} {
		rb, diags := Load(write(t, filepath.Join(dir, path), "runbook \"r\" {}\n"), LoadOptions{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got := rb.Variables["where"].Default.AsString(); got != want {
			t.Errorf("%s sees the workspace %q, want %q", path, got, want)
		}
		if rb.Sources[rb.Workspace] == nil || rb.Sources[rb.File] == nil {
			t.Errorf("sources are %v", rb.Sources)
		}
	}
	if err := os.Chmod(dir+"/near/workspace.hcl.json", 0); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir + "/near/e")
	rb, _ := Load("f.hcl", LoadOptions{})
	if rb.Dir != dir+"/near/e" {
		t.Errorf("the runbook's folder is %s", rb.Dir)
	}
}

// TestWorkspacesFurtherUp: what they allow and where runbooks run holds below a nearer workspace too; all else is that one's.
func TestWorkspacesFurtherUp(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/workspace.hcl", `
policy { effects = ["read"] }
variable "x" { default = 1 }
environment "production" {
  policy { providers = ["db"] }
}
environment "far" {}
`)
	write(t, dir+"/team/workspace.hcl", `
environment "production" {
  policy { commands = [] }
}
`)
	path := write(t, dir+"/team/sub/r.hcl", "runbook \"r\" {}\n")
	rb, diags := Load(path, LoadOptions{Environment: "production"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	effects, providers, commands := 0, 0, 0
	for _, p := range rb.Policies {
		effects, providers, commands = effects+len(p.Effects), providers+len(p.Providers), commands+max(0, 1-len(p.Commands))
		if p.Commands == nil {
			commands--
		}
	}
	if len(rb.Policies) != 3 || effects != 1 || providers != 1 || commands != 1 {
		t.Errorf("policies: %+v", rb.Policies)
	}
	if got := rb.EnvironmentNames(); !slices.Equal(got, []string{"far", "production"}) || rb.Variables["x"] != nil {
		t.Errorf("environments %v, variables %v", got, rb.Variables)
	}
}

func TestLoadIsLinear(t *testing.T) {
	// What is allocated tells of the work, whatever else the machine does.
	measure := func(n int) (objects, bytes uint64) {
		opts := LoadOptions{ReadFile: oneFile("many.hcl", manySteps(n))}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, diags := Load("many.hcl", opts); diags.HasErrors() {
			t.Fatal(diags)
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc
	}
	measure(1) // what is made once
	objects, bytes := measure(500)
	manyObjects, manyBytes := measure(4000)
	if manyObjects > 10*objects || manyBytes > 10*bytes {
		t.Errorf("500 steps take %d objects and %d bytes, 4,000 take %d and %d", objects, bytes, manyObjects, manyBytes)
	}
	t.Logf("500 steps take %d objects and %d bytes, 4,000 take %d and %d", objects, bytes, manyObjects, manyBytes)
}

// TestNestingAgreesWithTheLexer compares the scan with the brackets that HCL's own lexer sees.
func TestNestingAgreesWithTheLexer(t *testing.T) {
	for _, source := range []string{
		`a = [{b = (1)}]`, `a = "${"${x}"}"`, `a = "$${(((" `, `a = "%%{[[["`, "a = <<X\n${y}((\nX\n", "a = <<-X\n  [[\n  X\nb = 1\n",
		`a = "\"(" # ((`, "/* ( */ a = 1 // (\n", "a = \"%{ if x }(%{ endif }\"", "a = 1 << 2 (", "a = <<\"X\" (", "a = \"(\n\"",
	} {
		compareNesting(t, []byte(source))
	}
}

// compareNesting fails where the lexer sees more open brackets than the scan.
func compareNesting(t *testing.T, source []byte) {
	t.Helper()
	if checkText(source, "x.hcl") != nil {
		return
	}
	tokens, diags := hclsyntax.LexConfig(source, "x.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		return
	}
	depth, deepest := 0, 0
	for _, token := range tokens {
		switch token.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth = max(0, depth-1)
		}
		deepest = max(deepest, depth)
	}
	s := &nestingScanner{src: source, brackets: make([]bracket, 1)}
	scanned := 0
	for s.at = 0; s.at < len(source); s.at++ {
		s.step()
		open := 0
		for _, b := range s.brackets[1:] {
			if b.open != '"' && b.open != '<' {
				open++
			}
		}
		scanned = max(scanned, open)
	}
	if deepest > scanned {
		t.Errorf("%q: the lexer sees %d open brackets, the scan %d", source, deepest, scanned)
	}
}

func TestPartialRunbook(t *testing.T) {
	source := "runbook \"r\" {}\nstep \"a_b\" \"good\" {}\nstep \"a_b\" {}\nbogus {}\nstep \"a_b\" \"also\" {\n  timeout = \"x\"\n}\n"
	rb, diags := Load("r.hcl", LoadOptions{ReadFile: oneFile("r.hcl", []byte(source))})
	if len(diags) != 3 {
		t.Errorf("%d diagnostics: %v", len(diags), diags)
	}
	var names []string
	for _, s := range rb.Steps {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{"good", "also"}, names); diff != "" {
		t.Error(diff)
	}
}

// TestChunksAreTheWhole compares a long file parsed by chunks with the same file parsed at once.
func TestChunksAreTheWhole(t *testing.T) {
	source := append([]byte("\ufeff"), manySteps(2000)...)
	splits, bad := scanNesting(source, "r.hcl", hcl.InitialPos, nativeSource)
	if bad != nil || len(splits) < 3 {
		t.Fatalf("%v, %d splits", bad, len(splits))
	}
	parsed := parseChunks(cut(source, splits), "r.hcl")
	whole, diags := hclsyntax.ParseConfig(source, "r.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	places := func(body *hclsyntax.Body) []string {
		var out []string
		for _, b := range body.Blocks {
			out = append(out, b.Range().String(), b.Body.Range().String())
			for _, a := range b.Body.Attributes {
				out = append(out, a.Expr.Range().String())
			}
		}
		return out
	}
	if diff := cmp.Diff(places(whole.Body.(*hclsyntax.Body)), places(parsed)); diff != "" {
		t.Error(diff)
	}
	broken := append(source, "step \"x\" {\n  a = = 1\n}\n"...)
	_, diags = Load("r.hcl", LoadOptions{ReadFile: oneFile("r.hcl", broken)})
	if !slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool { return d.Summary == "Invalid expression" }) {
		t.Error(diags)
	}
}
