package report

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMarkdown: whatever the texts of a run are, its document has the same headings, tables, lists and fences.
func TestMarkdown(t *testing.T) {
	readMarkdown(t, written(t, "markdown", recorded(t, everything()...).Run(nil)))
	plain := readMarkdown(t, written(t, "markdown", recorded(t, hostile("plain")...).Run(nil)))
	for _, name := range texts() {
		t.Run(name, func(t *testing.T) {
			got := readMarkdown(t, written(t, "markdown", recorded(t, hostile(nasty[name])...).Run(nil)))
			if diff := cmp.Diff(plain, got); diff != "" {
				t.Errorf("another document:\n%s", diff)
			}
		})
	}
}

var (
	escaped = regexp.MustCompile(`\\[!-/:-@\[-` + "`" + `{-~]`)
	// bare is what would mean something within a line.
	bare   = regexp.MustCompile("[`*_\\[\\]<#|~$]|&[#a-zA-Z]")
	fenced = regexp.MustCompile("^(`{3,})(text)?$")
)

// readMarkdown gives what each line outside of fences is. What our own lines begin with is known; all else has to be escaped.
func readMarkdown(t *testing.T, text string) (kinds []string) {
	t.Helper()
	fence := ""
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if fence != "" {
			if strings.TrimRight(line, " ") == fence {
				fence = ""
			}
			continue
		}
		if f := fenced.FindStringSubmatch(line); f != nil {
			if f[2] == "" {
				t.Fatalf("a fence that ends nowhere begins: %q", line)
			}
			fence, kinds = f[1], append(kinds, "fence")
			continue
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < 0x20 || r == 0x202e }) {
			t.Errorf("a control character in %q", line)
		}
		kind, rest := kindOfLine(line)
		if line != "The rest is left out here." && !strings.HasPrefix(line, "> Not all of it has room here. ") {
			kinds = append(kinds, kind)
		}
		if found := bare.FindString(escaped.ReplaceAllString(rest, "")); found != "" {
			t.Errorf("%q is not escaped in %.300q", found, line)
		}
	}
	if fence != "" {
		t.Error("a fence is not closed")
	}
	return withoutGaps(kinds)
}

// kindOfLine tells what a line is by what it begins with, and gives the texts in it.
func kindOfLine(line string) (kind, rest string) {
	switch {
	case strings.HasPrefix(line, "| ") && strings.HasSuffix(line, " |"):
		cells := strings.Split(escaped.ReplaceAllString(line[2:len(line)-2], ""), " | ")
		return "row of " + strings.Repeat(".", len(cells)), strings.Join(cells, " ")
	case line == "<details>" || line == "</details>" || line == "<summary>What steps that passed show</summary>":
		return line, ""
	case strings.HasPrefix(line, "**") && strings.HasSuffix(line, "**"):
		return "name", line[2 : len(line)-2]
	}
	for _, prefix := range []string{"### ", "## ", "# ", "> ", "- "} {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return prefix, rest
		}
	}
	if line == "" {
		return "", ""
	}
	return "text", line
}

// withoutGaps leaves out empty lines, and the one that stays empty where a text has nothing on its line.
func withoutGaps(kinds []string) []string {
	var out []string
	for _, k := range kinds {
		if k != "" {
			out = append(out, k)
		}
	}
	return out
}

// TestEscapeMarkdown leaves no text that means something, and changes no other.
func TestEscapeMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"3 ready": "3 ready", "- a": `\- a`, "+ a": `\+ a`, "1. a": `1\. a`, "1) a": `1\) a`, "> a": `\> a`, "2026-01-31": "2026-01-31", "=== ": `\===`, "    code": "code",
		"a | b": `a \| b`, "`x`": "\\`x\\`", "<b>": `\<b>`, "&amp;": `\&amp;`, `\|`: `\\\|`, "a\nb": "a b", "[x](y)": `\[x\](y)`, "a*b_c~d": `a\*b\_c\~d`,
	} {
		if got := escapeMarkdown(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
