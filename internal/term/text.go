package term

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// Width is how many columns text takes.
func Width(text string) int { return displaywidth.String(text) }

// Pad fills text with spaces up to width columns; longer text stays.
func Pad(text string, width int) string {
	if missing := width - Width(text); missing > 0 {
		return text + strings.Repeat(" ", missing)
	}
	return text
}

// Cut shortens text to width columns, with the ellipsis at the end where something is missing.
func Cut(text string, width int, ellipsis string) string {
	if Width(text) <= width {
		return text
	}
	if width <= Width(ellipsis) {
		return displaywidth.TruncateString(text, max(width, 0), "")
	}
	return displaywidth.TruncateString(text, width, ellipsis)
}

// Wrap breaks text into lines of at most width columns, at spaces where it can. Line ends in the text stay. A word that is
// too long for a line is left whole: paths and URLs are copied from the terminal. So is a line that begins with a space: someone laid it
// out.
func Wrap(text string, width int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \r")
		if Width(line) <= width || strings.HasPrefix(line, " ") {
			lines = append(lines, line)
			continue
		}
		lines = append(lines, wrapLine(line, width)...)
	}
	return lines
}

// Fold is Wrap where nothing may stick out, as that would be cut: it breaks words that are too long, and lines that begin with a
// space, whose space it repeats.
func Fold(text string, width int) []string {
	var lines []string
	for _, line := range Wrap(text, width) {
		if Width(line) <= width {
			lines = append(lines, line)
			continue
		}
		rest := strings.TrimLeft(line, " ")
		indent := strings.Repeat(" ", min(len(line)-len(rest), width/2))
		for _, part := range wrapLine(rest, width-len(indent)) {
			for Width(part) > width-len(indent) {
				head := displaywidth.TruncateString(part, width-len(indent), "")
				if head == "" {
					break // not even one character fits
				}
				lines = append(lines, indent+head)
				part = part[len(head):]
			}
			lines = append(lines, indent+part)
		}
	}
	return lines
}

func wrapLine(line string, width int) []string {
	var lines []string
	var current string
	used := 0
	for _, word := range strings.Fields(line) {
		w := Width(word)
		switch {
		case current == "":
			current, used = word, w
		case used+1+w <= width:
			current, used = current+" "+word, used+1+w
		default:
			lines = append(lines, current)
			current, used = word, w
		}
	}
	return append(lines, current)
}

// Clean makes text of unknown origin safe for a terminal: control characters, and those that turn the direction of
// writing, show as escapes instead of taking effect. Line ends stay; a tab becomes spaces.
func Clean(text string) string {
	if isPlain(text) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\n':
			b.WriteByte('\n')
		case r == '\r' && strings.HasPrefix(text[i+1:], "\n"): // a Windows line end
		case r == '\t':
			b.WriteString("    ")
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case unicode.Is(unicode.Cc, r) || turnsDirection(r) || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

// CleanLine is Clean for what must stay on one line: line ends become spaces.
func CleanLine(text string) string {
	text = Clean(text)
	if !strings.Contains(text, "\n") {
		return text
	}
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }), " ")
}

func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// turnsDirection reports Unicode's bidirectional controls (UAX 9).
func turnsDirection(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
