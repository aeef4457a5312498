package term

import "strings"

// restIndent is how much further in the rest of a folded line stands, so that it isn't taken for a line of its own.
const restIndent = "    "

// FoldLine breaks one line into lines of at most width columns, at spaces where it can, and loses nothing but the spaces at which it
// breaks: what is approved has to be read as it is. Spaces within a line stay, and the rest of it stands further in. A word that is
// too long for a line is left whole, for the terminal to break. A width of zero folds nothing.
func FoldLine(line string, width int) []string {
	if width <= 0 || Width(line) <= width {
		return []string{line}
	}
	body := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(body)]
	var out []string
	for {
		at := breakAt(body, width-Width(indent))
		if at < 0 {
			return append(out, indent+body)
		}
		out = append(out, indent+strings.TrimRight(body[:at], " "))
		body = strings.TrimLeft(body[at:], " ")
		if len(out) == 1 {
			indent += restIndent
		}
	}
}

// breakAt is the place of the last space up to which text fits, or of the first space where none does; -1: it fits as a whole, or
// has no space.
func breakAt(text string, width int) int {
	if Width(text) <= width {
		return -1
	}
	at, used := -1, 0
	for i := 0; i < len(text); {
		next := i + 1
		if text[i] != ' ' {
			if j := strings.IndexByte(text[i:], ' '); j < 0 {
				next = len(text)
			} else {
				next = i + j
			}
		} else if at >= 0 && used > width {
			break
		} else {
			at = i
		}
		used += Width(text[i:next])
		if used > width && at >= 0 {
			break
		}
		i = next
	}
	if at >= 0 && strings.TrimLeft(text[at:], " ") == "" {
		return -1
	}
	return at
}
