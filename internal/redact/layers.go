package redact

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLayers is how many levels of JSON within JSON are looked through. The quotes of the last are behind 255 backslashes each.
const maxLayers = 8

// layer is a text in which the escapes of one level of JSON are undone, or bytes in hexadecimal. A secret is found in the layer as deep as it lies, in
// whatever way each level writes it, so that nobody has to list how quotes, slashes and signs look there.
type layer struct {
	text    []byte
	escapes []escape
	below   *layer // what it was made from; nil: the data
	// unfinished says that the end of an escape is missing after it.
	unfinished bool
	// dump says that it is that of bytes in hexadecimal, which is the last.
	dump bool
}

// escape is where one stood below, and what it became.
type escape struct{ from, to, rawFrom, rawTo int }

// layers are those of data, without data itself: none where it has neither a backslash nor as many bytes in hexadecimal that stand apart
// as a secret has.
func (m *matcher) layers(data []byte) []*layer {
	var all []*layer
	var below *layer
	for len(all) < maxLayers && bytes.IndexByte(data, '\\') >= 0 {
		l := unescape(data)
		if len(l.text) == len(data) {
			break
		}
		l.below = below
		all = append(all, l)
		data, below = l.text, l
	}
	if l := dumped(data, below, m.fewest(data)); l != nil {
		all = append(all, l)
	}
	return all
}

// unescape undoes one level. An escape whose end is not there yet is left out.
func unescape(data []byte) *layer {
	l := &layer{text: make([]byte, 0, len(data))}
	for at := 0; at < len(data); {
		i := bytes.IndexByte(data[at:], '\\')
		if i < 0 {
			l.text = append(l.text, data[at:]...)
			break
		}
		l.text = append(l.text, data[at:at+i]...)
		at += i
		char, length := escaped(data[at:])
		switch length {
		case unfinished:
			l.unfinished = true
			return l
		case 0:
			if cut := cutOff(data[at:]); cut > 0 {
				l.escapes = append(l.escapes, escape{len(l.text), len(l.text), at, at + cut})
				at += cut
				continue
			}
			l.text = append(l.text, '\\')
			at++
			continue
		}
		from := len(l.text)
		l.text = utf8.AppendRune(l.text, char)
		l.escapes = append(l.escapes, escape{from, len(l.text), at, at + length})
		at += length
	}
	return l
}

// unfinished is the length of an escape of which the end is not there.
const unfinished = -1

// escaped reads the escape that data begins with; a length of 0: it is none. The case of its letter counts as little as that of others.
func escaped(data []byte) (rune, int) {
	if len(data) < 2 {
		return 0, unfinished
	}
	switch fold[data[1]] {
	case '"', '\\', '/':
		return rune(data[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		return codeUnits(data)
	}
	return 0, 0
}

// cutOff is the length of the escape that data begins with and of which an ellipsis took the end; 0: it is none.
func cutOff(data []byte) int {
	const most = len(`\u000`)
	end := bytes.Index(data[:min(len(data), most+len(ellipsis))], []byte(ellipsis))
	if end <= 0 {
		return 0
	}
	if _, length := escaped(data[:end]); length != unfinished {
		return 0
	}
	return end
}

// codeUnits reads \uXXXX, and what follows one that is the first half of a pair.
func codeUnits(data []byte) (rune, int) {
	const length = len(`\u0000`)
	first, ok := codeUnit(data)
	if !ok || len(data) < length {
		return 0, unfinishedIf(ok)
	}
	if !utf16.IsSurrogate(first) {
		return first, length
	}
	rest := data[length:]
	second, ok := codeUnit(rest)
	if ok && len(rest) < length {
		return 0, unfinished
	}
	if pair := utf16.DecodeRune(first, second); ok && pair != utf8.RuneError {
		return pair, 2 * length
	}
	return utf8.RuneError, length
}

func unfinishedIf(begun bool) int {
	if begun {
		return unfinished
	}
	return 0
}

// codeUnit reads \uXXXX, or as much of it as there is.
func codeUnit(data []byte) (rune, bool) {
	for i := range min(len(data), 2) {
		if fold[data[i]] != `\u`[i] {
			return 0, false
		}
	}
	if len(data) <= 2 {
		return 0, true
	}
	unit, err := strconv.ParseUint(string(data[2:min(len(data), 6)]), 16, 16)
	return rune(unit), err == nil
}

// start is where in the data the byte at a place of the layer begins; a nil layer is the data.
func (l *layer) start(at int) int {
	for ; l != nil; l = l.below {
		i, _ := slices.BinarySearchFunc(l.escapes, at+1, func(e escape, at int) int { return cmp.Compare(e.from, at) })
		if i == 0 {
			continue
		}
		if e := l.escapes[i-1]; at < e.to {
			at = e.rawFrom
		} else {
			at += e.rawTo - e.to
		}
	}
	return at
}

// end is where in the data the byte before a place of the layer ends.
func (l *layer) end(at int) int {
	for ; l != nil; l = l.below {
		i, _ := slices.BinarySearchFunc(l.escapes, at, func(e escape, at int) int { return cmp.Compare(e.from, at) })
		if i == 0 {
			continue
		}
		if e := l.escapes[i-1]; at <= e.to {
			at = e.rawTo
		} else {
			at += e.rawTo - e.to
		}
	}
	return at
}

// above is the place in the layer of one in what it was made from: in an escape, where that begins.
func (l *layer) above(at int) int {
	i := l.escapeAt(at)
	if i < 0 {
		return min(at, len(l.text))
	}
	e := l.escapes[i]
	if at < e.rawTo {
		return e.from
	}
	return min(at+e.to-e.rawTo, len(l.text))
}

// escapeAt is the index of the last escape that begins at a place below, or before; -1: none.
func (l *layer) escapeAt(at int) int {
	i, _ := slices.BinarySearchFunc(l.escapes, at+1, func(e escape, at int) int { return cmp.Compare(e.rawFrom, at) })
	return i - 1
}

// changed are the bounds of the part of the text in which there is something of such a length that is not below. The end of the
// text is in it where an escape there has no end yet.
func (l *layer) changed(length int) (from, to int) {
	if len(l.escapes) == 0 {
		return max(0, len(l.text)-length), len(l.text)
	}
	first, last := l.escapes[0], l.escapes[len(l.escapes)-1]
	from, to = max(0, first.from-length), min(len(l.text), last.to+length)
	if l.unfinished {
		to = len(l.text)
	}
	return from, to
}

// search gives the spans that secrets cover in data and its layers, in order, with those in spans, and from where on what is at
// the end may be the beginning of a secret, or of an escape, that goes on.
func (m *matcher) search(spans []span, data []byte, deeper []*layer) ([]span, int) {
	spans, hold := m.find(spans, data)
	keep := len(data) - hold
	if len(deeper) == 0 {
		return spans, keep
	}
	for _, l := range deeper {
		from, to := l.changed(m.longest())
		found, hold := m.find(nil, l.text[from:to])
		for _, s := range found {
			spans = append(spans, span{start: l.start(from + s.start), end: l.end(from + s.end)})
		}
		if to == len(l.text) {
			keep = min(keep, l.start(to-hold))
		}
	}
	// What is left for later begins with no half of an escape.
	place := keep
	var top *layer
	for _, l := range deeper {
		if l.dump {
			place = l.whole(place)
			break
		}
		place, top = l.above(place), l
	}
	return merged(spans), top.start(place)
}

// merged brings spans in order and makes one of those that overlap.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var out []span
	for _, s := range spans {
		out = cover(out, s)
	}
	return out
}
