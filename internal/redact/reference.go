package redact

import (
	"html"
	"unicode/utf8"
)

// maxReference is the length of the longest character reference of HTML.
const maxReference = len("&CounterClockwiseContourIntegral;")

// reference reads a character reference of HTML or XML: "&lt;", "&#60;", "&#x3c;", also those with a name of their own. Those of two
// characters, and without a semicolon, are left as they are.
func reference(data []byte) (rune, int) {
	end := 1
	for end < len(data) && end < maxReference-1 && inReference(data[end]) {
		end++
	}
	if end == len(data) {
		return 0, unfinished
	}
	if data[end] != ';' {
		return 0, 0
	}
	written := string(data[:end+1])
	text := html.UnescapeString(written)
	char, length := utf8.DecodeRuneInString(text)
	if length != len(text) {
		return 0, 0
	}
	return char, len(written)
}

func inReference(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '#'
}
