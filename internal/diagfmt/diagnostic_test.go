package diagfmt

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/internal/term"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const source = "runbook \"daily\" {\n" +
	"\ttitle = \"日本語 morning\"\r\n" +
	"}\n" +
	"step \"http_request\" \"api\" {\n" +
	"\turl = var.base + step.nodse.url\n" +
	"\tbody = \"\x1b[2J\" # 日本 weird\n" +
	"}\n"

func at(t *testing.T, file *hcl.File, text string) *hcl.Range {
	t.Helper()
	i := bytes.Index(file.Bytes, []byte(text))
	if i < 0 {
		t.Fatalf("%q is not in the source", text)
	}
	line := bytes.Count(file.Bytes[:i], []byte("\n")) + 1
	column := i - bytes.LastIndexByte(file.Bytes[:i], '\n')
	start := hcl.Pos{Line: line, Column: column, Byte: i}
	end := hcl.Pos{Line: line, Column: column + len(text), Byte: i + len(text)}
	return &hcl.Range{Filename: "daily.hcl", Start: start, End: end}
}

func sample(t *testing.T) Report {
	t.Helper()
	parser := hclparse.NewParser()
	file, _ := parser.ParseHCL([]byte(source), "daily.hcl")
	expr, diags := hclsyntax.ParseExpression([]byte("var.base + var.token + step.nodse.url + var.list"), "x", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	context := &hcl.EvalContext{Variables: map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{
		"base": cty.StringVal("https://example.com"), "token": cty.StringVal("hunter2").Mark("sensitive"),
		"list": cty.ListVal([]cty.Value{cty.True}),
	})}}
	empty := at(t, file, "\r\n")
	empty.End = empty.Start
	return NewReport(hcl.Diagnostics{
		{Severity: hcl.DiagWarning, Summary: "Strange text", Detail: "A \x1b[31m control character.", Subject: at(t, file, "日本 weird")},
		{
			Severity: hcl.DiagError, Summary: "Unknown step", Detail: `There is no step "nodse"; did you mean "nodes"?`,
			Subject: at(t, file, "step.nodse"), Expression: expr, EvalContext: context,
		},
		{Severity: hcl.DiagError, Summary: "Something is missing", Subject: empty},
		{Severity: hcl.DiagError, Summary: "Wrong title", Detail: "A title is in English.", Subject: at(t, file, "日本語")},
		{Severity: hcl.DiagError, Summary: "No such file", Detail: "gone.hcl: no such file or directory"},
		{Severity: hcl.DiagError, Summary: "Elsewhere", Subject: &hcl.Range{Filename: "workspace.hcl", Start: hcl.Pos{Line: 3}}},
	}, parser.Files())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got); run with -update when it is meant:\n%s", path, diff)
	}
}

func TestText(t *testing.T) {
	styles := map[string]Style{
		"unicode": {Glyphs: term.Unicode()},
		"ascii":   {Glyphs: term.ASCII()},
		"colour":  {Glyphs: term.Unicode(), Palette: term.NewPalette(true)},
		"narrow":  {Glyphs: term.Unicode(), Width: 20},
	}
	for name, style := range styles {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Text(&b, sample(t), style); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", b.Bytes())
		})
	}
}

func TestJSON(t *testing.T) {
	got, err := json.MarshalIndent(sample(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", append(got, '\n'))
}

func TestSummary(t *testing.T) {
	tests := map[string]struct {
		errors, warnings int
		want             string
	}{
		"none":     {0, 0, ""},
		"one each": {1, 1, "1 error, 1 warning"},
		"many":     {3, 0, "3 errors"},
		"warnings": {0, 2, "2 warnings"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := (Report{ErrorCount: tt.errors, WarningCount: tt.warnings}).Summary(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestNoHalfOfASecret: a secret is blanked before a line ends inside it.
func TestNoHalfOfASecret(t *testing.T) {
	const secret = "correct horse battery staple and then some more words"
	r := NewReport(hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Refused", Detail: "The password " + secret + " was refused."}}, nil)
	var b bytes.Buffer
	style := Style{Glyphs: term.Unicode(), Width: 40, Redact: func(s string) string { return strings.ReplaceAll(s, secret, "(sensitive)") }}
	if err := Text(&b, r, style); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "horse") {
		t.Errorf("a part of the secret in %s", b.String())
	}
}

// TestLongLine: a minified file of one line shows the part around the problem, not all of it.
func TestLongLine(t *testing.T) {
	src := append(bytes.Repeat([]byte("é"), 50_000), []byte("HERE")...)
	src = append(src, bytes.Repeat([]byte("ü"), 50_000)...)
	file := &hcl.File{Bytes: src}
	r := NewReport(hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "x", Subject: at(t, file, "HERE")}},
		map[string]*hcl.File{"daily.hcl": file})
	s := r.Diagnostics[0].Snippet
	if len(s.Code) > maxLine || s.Code[s.HighlightStartOffset:s.HighlightEndOffset] != "HERE" {
		t.Errorf("%d bytes with %q highlighted", len(s.Code), s.Code[s.HighlightStartOffset:s.HighlightEndOffset])
	}
}
