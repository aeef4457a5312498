package diagfmt

import (
	"fmt"
	"io"
	"strings"

	"github.com/e82355ed/runbook/internal/term"
)

// Style is how text looks. The zero value is not useful: Glyphs must be set.
type Style struct {
	Palette term.Palette
	Glyphs  term.Glyphs
	// Width is the terminal's, in columns; zero: 100.
	Width int
	// Redact blanks secrets in details and values, before text is wrapped, so that none is cut in two; nil: nothing to blank. Summaries are
	// always the same words.
	Redact func(string) string
}

// clean makes text safe to show, and cleanLine also keeps it on one line.
func (s *Style) clean(text string) string     { return term.Clean(s.redact(text)) }
func (s *Style) cleanLine(text string) string { return term.CleanLine(s.redact(text)) }

func (s *Style) redact(text string) string {
	if s.Redact == nil {
		return text
	}
	return s.Redact(text)
}

// Text writes the diagnostics of a report for people, each in a box of its own, and the count at the end.
func Text(w io.Writer, r Report, style Style) error {
	if style.Width <= 0 {
		style.Width = 100
	}
	b := &strings.Builder{}
	for _, d := range r.Diagnostics {
		writeBox(b, d, style)
	}
	if summary := r.Summary(); summary != "" {
		fmt.Fprintln(b, summary)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeBox(b *strings.Builder, d Diagnostic, style Style) {
	colour, title := style.Palette.Bad, "Error"
	if d.Severity == "warning" {
		colour, title = style.Palette.Warn, "Warning"
	}
	bar := colour(style.Glyphs.Bar)
	line := func(text string) {
		if text == "" {
			fmt.Fprintln(b, bar)
			return
		}
		fmt.Fprintf(b, "%s %s\n", bar, text)
	}
	fmt.Fprintln(b, colour(style.Glyphs.BoxTop))
	line(colour(title+": ") + style.Palette.Strong(term.CleanLine(d.Summary)))
	if d.Range != nil {
		line("")
		writeSource(line, d, style, colour)
	}
	if d.Detail != "" {
		line("")
		for _, text := range term.Wrap(style.clean(d.Detail), max(style.Width-2, 30)) {
			line(text)
		}
	}
	fmt.Fprintln(b, colour(style.Glyphs.BoxBottom))
}

// writeSource writes where the problem is, the source line with the problem underlined, and the values in it.
func writeSource(line func(string), d Diagnostic, style Style, colour func(string) string) {
	place := fmt.Sprintf("  on %s:%d", term.CleanLine(d.Range.Filename), d.Range.Start.Line)
	if d.Snippet == nil {
		line(place)
		return
	}
	s := d.Snippet
	if s.Context != nil {
		place += ", in " + term.CleanLine(*s.Context)
	}
	line(place + ":")
	before := term.CleanLine(s.Code[:s.HighlightStartOffset])
	marked := term.CleanLine(s.Code[s.HighlightStartOffset:s.HighlightEndOffset])
	after := term.CleanLine(s.Code[s.HighlightEndOffset:])
	number := fmt.Sprintf("%4d: ", s.StartLine)
	line(style.Palette.Faint(number) + before + style.Palette.Strong(marked) + after)
	// A problem at the end of a line has no text to underline: the caret then stands where something is missing.
	width := max(term.Width(marked), 1)
	line(strings.Repeat(" ", len(number)+term.Width(before)) + colour(strings.Repeat("^", width)))
	if len(s.Values) == 0 {
		return
	}
	for _, v := range s.Values {
		line("      " + style.Palette.Faint(style.Glyphs.Bar+" ") + style.cleanLine(v.Traversal+" "+v.Statement))
	}
}
