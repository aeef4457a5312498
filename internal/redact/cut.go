package redact

import (
	"bytes"
	"strings"
)

// ellipsis stands where the program left out a part of a text to show it. It may have cut through a secret.
const ellipsis = "…"

// cuts adds the spans of what an ellipsis left of secrets: the beginning of one before it, the end of one after it.
func (m *matcher) cuts(spans []span, data []byte) []span {
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte(ellipsis))
		if i < 0 {
			return spans
		}
		before := len(bytes.TrimRight(data[:at+i], " "))
		after := at + i + len(ellipsis)
		after += len(data[after:]) - len(bytes.TrimLeft(data[after:], " "))
		if n := m.begun(data[:before]); n > 0 {
			spans = insert(spans, span{start: before - n, end: before})
		}
		if n := m.ended(data[after:]); n > 0 {
			spans = insert(spans, span{start: after, end: after + n})
		}
		at += i + len(ellipsis)
	}
}

// Cut blanks the beginning of a secret at the end of a text whose rest was left out.
func (r *Redactor) Cut(text string) string {
	m := r.current()
	if m == nil {
		return text
	}
	if n := m.begun([]byte(text)); n > 0 {
		return text[:len(text)-n] + Blank
	}
	return text
}

// reach is how many times the length of the longest secret is looked at beside an ellipsis: escapes make it longer.
const reach = 8

// begun is how many bytes at the end of data, in whatever layer, are the beginning of a secret; 0 where those are too few to tell it.
func (m *matcher) begun(data []byte) int {
	data = data[max(0, len(data)-reach*m.longest()):]
	from := len(data)
	if n := m.begins(data); n >= MinLength {
		from -= n
	}
	for _, l := range layers(data) {
		if n := m.begins(l.text); n >= MinLength {
			from = min(from, l.start(len(l.text)-n))
		}
	}
	return len(data) - from
}

// begins is how many bytes at the end of text are the beginning of a secret.
func (m *matcher) begins(text []byte) int {
	most := 0
	for _, part := range m.parts {
		_, hold := part.find(nil, text[max(0, len(text)-part.longest):])
		most = max(most, hold)
	}
	return most
}

// ended is how many bytes at the beginning of data, in whatever layer, are the end of a secret; 0 where those are too few to tell it.
func (m *matcher) ended(data []byte) int {
	data = data[:min(len(data), reach*m.longest())]
	to := m.ends(data)
	for _, l := range layers(data) {
		if n := m.ends(l.text); n > 0 {
			to = max(to, l.end(n))
		}
	}
	return to
}

// ends is how many bytes at the beginning of data are the end of a secret; 0 where those are too few to tell it.
func (m *matcher) ends(data []byte) int {
	if len(data) < MinLength {
		return 0
	}
	shown := folded(string(data[:min(len(data), m.longest())]))
	most, begin := 0, shown[:min(len(shown), MinLength)]
	for _, part := range m.parts {
		for _, text := range part.texts {
			for i := strings.Index(text, begin); i >= 0; {
				if rest := text[i:]; len(rest) > most && strings.HasPrefix(shown, rest) {
					most = len(rest)
				}
				next := strings.Index(text[i+1:], begin)
				if next < 0 {
					break
				}
				i += 1 + next
			}
		}
	}
	return most
}

// longest is the length of its longest text.
func (m *matcher) longest() int {
	n := 0
	for _, part := range m.parts {
		n = max(n, part.longest)
	}
	return n
}

// insert puts a span among others in order.
func insert(spans []span, found span) []span {
	i := len(spans)
	for i > 0 && spans[i-1].start > found.start {
		i--
	}
	out := cover(append([]span(nil), spans[:i]...), found)
	for _, s := range spans[i:] {
		out = cover(out, s)
	}
	return out
}
