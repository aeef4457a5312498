package diagfmt

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcled"
)

// FormatVersion is the version of the JSON form: fields are added within it, never renamed.
const FormatVersion = "1.0"

// Report is the result of a validation in the shape of `terraform validate -json`.
type Report struct {
	FormatVersion string       `json:"format_version"`
	Valid         bool         `json:"valid"`
	ErrorCount    int          `json:"error_count"`
	WarningCount  int          `json:"warning_count"`
	Diagnostics   []Diagnostic `json:"diagnostics"`
}

// Diagnostic is one problem. Severity is "error" or "warning".
type Diagnostic struct {
	Severity string   `json:"severity"`
	Summary  string   `json:"summary"`
	Detail   string   `json:"detail"`
	Range    *Range   `json:"range,omitempty"`
	Snippet  *Snippet `json:"snippet,omitempty"`
}

// Range is a part of a file.
type Range struct {
	Filename string `json:"filename"`
	Start    Pos    `json:"start"`
	End      Pos    `json:"end"`
}

// Pos is a place in a file: line and column count from 1, byte from 0.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Snippet is the source line of a problem. The highlight's offsets are bytes within Code.
type Snippet struct {
	// Context is the block that the line stands in; null outside of one.
	Context              *string `json:"context"`
	Code                 string  `json:"code"`
	StartLine            int     `json:"start_line"`
	HighlightStartOffset int     `json:"highlight_start_offset"`
	HighlightEndOffset   int     `json:"highlight_end_offset"`
	// Values are what the references of the expression stood for.
	Values []Value `json:"values"`
}

// Value is a reference of an expression with what it stood for: "var.replicas" "is 3".
type Value struct {
	Traversal string `json:"traversal"`
	Statement string `json:"statement"`
}

// NewReport makes the report of diagnostics, sorted by file and position. Files are the sources by file name, see
// lang.Runbook.Sources; a missing one leaves the source line out.
func NewReport(diags hcl.Diagnostics, files map[string]*hcl.File) Report {
	r := Report{FormatVersion: FormatVersion, Valid: true, Diagnostics: []Diagnostic{}}
	for _, d := range Sorted(diags) {
		r.Diagnostics = append(r.Diagnostics, newDiagnostic(d, files))
		if d.Severity == hcl.DiagError {
			r.ErrorCount++
			r.Valid = false
		} else {
			r.WarningCount++
		}
	}
	return r
}

// Sorted gives the diagnostics by file and position; those without a place come first.
func Sorted(diags hcl.Diagnostics) hcl.Diagnostics {
	sorted := slices.Clone(diags)
	slices.SortStableFunc(sorted, func(a, b *hcl.Diagnostic) int {
		var ra, rb hcl.Range
		if a.Subject != nil {
			ra = *a.Subject
		}
		if b.Subject != nil {
			rb = *b.Subject
		}
		return cmp.Or(cmp.Compare(ra.Filename, rb.Filename), cmp.Compare(ra.Start.Byte, rb.Start.Byte),
			cmp.Compare(a.Severity, b.Severity))
	})
	return sorted
}

// Summary counts problems: "3 errors, 1 warning"; empty for none.
func (r Report) Summary() string {
	switch {
	case r.ErrorCount > 0 && r.WarningCount > 0:
		return plural(r.ErrorCount, "error") + ", " + plural(r.WarningCount, "warning")
	case r.ErrorCount > 0:
		return plural(r.ErrorCount, "error")
	case r.WarningCount > 0:
		return plural(r.WarningCount, "warning")
	}
	return ""
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func newDiagnostic(d *hcl.Diagnostic, files map[string]*hcl.File) Diagnostic {
	out := Diagnostic{Severity: "error", Summary: d.Summary, Detail: d.Detail}
	if d.Severity == hcl.DiagWarning {
		out.Severity = "warning"
	}
	if d.Subject == nil {
		return out
	}
	out.Range = &Range{Filename: d.Subject.Filename, Start: newPos(d.Subject.Start), End: newPos(d.Subject.End)}
	if file := files[d.Subject.Filename]; file != nil {
		out.Snippet = newSnippet(d, file)
	}
	return out
}

func newPos(p hcl.Pos) Pos { return Pos{Line: p.Line, Column: p.Column, Byte: p.Byte} }

// maxLine is how many bytes of a source line are shown; window, how many of them before the problem.
const maxLine, window = 240, 80

func newSnippet(d *hcl.Diagnostic, file *hcl.File) *Snippet {
	src, start, end := file.Bytes, d.Subject.Start.Byte, d.Subject.End.Byte
	if start < 0 || start > len(src) {
		return nil
	}
	lineStart := bytes.LastIndexByte(src[:start], '\n') + 1
	lineEnd := len(src)
	if i := bytes.IndexByte(src[start:], '\n'); i >= 0 {
		lineEnd = start + i
	}
	for lineEnd > start && src[lineEnd-1] == '\r' {
		lineEnd--
	}
	if lineEnd-lineStart > maxLine {
		lineStart = runeStart(src, max(lineStart, start-window))
		lineEnd = runeStart(src, min(lineEnd, lineStart+maxLine))
	}
	end = min(max(end, start), lineEnd)
	s := &Snippet{
		Code: string(src[lineStart:lineEnd]), StartLine: d.Subject.Start.Line,
		HighlightStartOffset: start - lineStart, HighlightEndOffset: max(end, start) - lineStart,
		Values: valuesOf(d),
	}
	if context := hcled.ContextString(file, start); context != "" {
		s.Context = &context
	}
	return s
}

// runeStart moves an offset back to where a character begins.
func runeStart(src []byte, at int) int {
	for at > 0 && at < len(src) && !utf8.RuneStart(src[at]) {
		at--
	}
	return at
}
