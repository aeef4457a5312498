package redact

import (
	"bytes"
	"strings"
)

// ellipsis stands where the program left out a part of a text to show it. It may have cut through a secret.
const ellipsis = "…"

// cuts adds the spans of what an ellipsis left of secrets in data and its layers: the beginning of one before it, the end of one
// after it.
func (m *matcher) cuts(spans []span, data []byte, deeper []*layer) []span {
	found := m.cutsIn(data, nil)
	for _, l := range deeper {
		found = append(found, m.cutsIn(l.text, l)...)
	}
	if found == nil {
		return spans
	}
	return merged(append(spans, found...))
}

// beside is what may stand between a secret and the ellipsis.
const beside = " \x00"

// cutsIn gives those in a text, which is that of a layer where l is not nil, by their places in the data.
func (m *matcher) cutsIn(text []byte, l *layer) []span {
	var found []span
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(ellipsis))
		if i < 0 {
			return found
		}
		before := len(bytes.TrimRight(text[:at+i], beside))
		at += i + len(ellipsis)
		after := len(text) - len(bytes.TrimLeft(text[at:], beside))
		if n := m.begins(text[:before]); n >= MinLength {
			found = append(found, span{start: l.start(before - n), end: l.start(before)})
		}
		if n := m.ends(text[after:]); n >= MinLength {
			found = append(found, span{start: l.start(after), end: l.end(after + n)})
		}
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

// reach is how many times the length of the longest secret is looked at before an end: escapes make it longer.
const reach = 8

// begun is how many bytes at the end of data, in whatever layer, are the beginning of a secret; 0 where those are too few to tell it.
func (m *matcher) begun(data []byte) int {
	data = data[max(0, len(data)-reach*m.longest()):]
	from := len(data)
	if n := m.begins(data); n >= MinLength {
		from -= n
	}
	for _, l := range m.layers(data) {
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
