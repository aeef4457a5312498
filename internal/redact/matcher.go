package redact

import (
	"bytes"
	"slices"
)

// matcher finds secrets by some automata, each of more texts than the next. To add a text to an automaton is to build it
// anew; this way each is built a logarithmic number of times, however often a run learns of another secret.
type matcher struct{ parts []*automaton }

// span is a part of the data that secrets cover. Written says that its blank is already out.
type span struct {
	start, end int
	written    bool
}

// with is a matcher that finds these texts too; m may be nil.
func (m *matcher) with(texts []string) *matcher {
	out := &matcher{}
	if m != nil {
		out.parts = slices.Clone(m.parts)
	}
	for len(out.parts) > 0 {
		last := out.parts[len(out.parts)-1]
		if len(last.texts) > 2*len(texts) {
			break
		}
		texts = slices.Concat(last.texts, texts)
		out.parts = out.parts[:len(out.parts)-1]
	}
	out.parts = append(out.parts, build(texts))
	return out
}

// without is a matcher that does not find some texts. m may be nil.
func (m *matcher) without(leave func(text string) bool) *matcher {
	if m == nil || !slices.ContainsFunc(m.parts, func(a *automaton) bool { return slices.ContainsFunc(a.texts, leave) }) {
		return m
	}
	var texts []string
	for _, part := range m.parts {
		texts = append(texts, part.texts...)
	}
	if texts = slices.DeleteFunc(texts, leave); len(texts) == 0 {
		return &matcher{}
	}
	return &matcher{parts: []*automaton{build(texts)}}
}

// longest is the length of its longest text.
func (m *matcher) longest() int {
	n := 0
	for _, part := range m.parts {
		n = max(n, part.longest)
	}
	return n
}

// fewest is how many bytes there are at least of a secret in data: of one that an ellipsis cut through, as many as tell it.
func (m *matcher) fewest(data []byte) int {
	if len(m.parts) == 0 || bytes.Contains(data, []byte(ellipsis)) {
		return MinLength
	}
	n := m.parts[0].shortest
	for _, part := range m.parts {
		n = min(n, part.shortest)
	}
	return n
}

// find gives the spans that secrets cover in data, in order, with those in spans, and how many of the last bytes may be the
// beginning of a secret that goes on.
func (m *matcher) find(spans []span, data []byte) ([]span, int) {
	if len(m.parts) == 1 {
		return m.parts[0].find(spans, data)
	}
	hold := 0
	var all []span
	for _, part := range m.parts {
		found, more := part.find(nil, data)
		all, hold = append(all, found...), max(hold, more)
	}
	return merged(append(all, spans...)), hold
}

// cover adds a span to those in order; it may swallow the last ones, but begins before none that it doesn't overlap.
func cover(spans []span, found span) []span {
	for len(spans) > 0 {
		last := spans[len(spans)-1]
		if last.end <= found.start {
			break
		}
		found.start, found.end = min(found.start, last.start), max(found.end, last.end)
		found.written = found.written || last.written
		spans = spans[:len(spans)-1]
	}
	return append(spans, found)
}

// blank appends data to dst with each span replaced.
func blank(dst, data []byte, spans []span) []byte {
	at := 0
	for _, s := range spans {
		dst = append(dst, data[at:s.start]...)
		if !s.written {
			dst = append(dst, Blank...)
		}
		at = s.end
	}
	return append(dst, data[at:]...)
}
