package redact

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLayers is how many texts are made of one, in which levels of JSON, HTML and URLs are undone. The quotes of the eighth level of JSON are
// behind 255 backslashes each.
const maxLayers = 64

// layer is a text in which the escapes of one level of JSON, HTML or URLs are undone, the line ends within base64, or bytes in hexadecimal. A
// secret is found in the layer as deep as it lies, in whatever way each level writes it, so that nobody has to list how quotes, slashes and
// signs look there.
type layer struct {
	text    []byte
	escapes []escape
	below   *layer // what it was made from; nil: the data
	// unfinished says that the end of an escape is missing after it.
	unfinished bool
	// dump says that it is that of bytes in hexadecimal, joined that it is that of lines of base64: of neither is anything undone any more.
	dump, joined bool
}

// escape is where one stood below, and what it became.
type escape struct{ from, to, rawFrom, rawTo int }

// layers are those of data, without data itself: none where it has neither an escape nor as many bytes in hexadecimal that stand apart
// as a secret has. JSON in HTML, HTML in JSON and so on are all looked through.
func (m *matcher) layers(data []byte) []*layer {
	var all []*layer
	text, below := data, (*layer)(nil)
	for made := 0; ; made++ {
		add := func(l *layer) {
			if l != nil && len(all) < maxLayers && !slices.ContainsFunc(all, l.same) {
				l.below = below
				all = append(all, l)
			}
		}
		for i := range syntaxes {
			add(syntaxes[i].undo(text))
		}
		add(joined(text))
		for made < len(all) && all[made].joined {
			made++
		}
		if made == len(all) {
			break
		}
		text, below = all[made].text, all[made]
	}
	return append(all, m.dumps(data, all)...)
}

// dumps are the layers of bytes in hexadecimal in data and in its other layers.
func (m *matcher) dumps(data []byte, others []*layer) []*layer {
	fewest := m.fewest(data)
	var all []*layer
	add := func(text []byte, below *layer) {
		if l := dumped(text, below, fewest); l != nil {
			all = append(all, l)
		}
	}
	add(data, nil)
	for _, l := range others {
		add(l.text, l)
	}
	return all
}

// same reports whether another layer has the same text: JSON is undone before HTML, or after it.
func (l *layer) same(other *layer) bool {
	return l.unfinished == other.unfinished && bytes.Equal(l.text, other.text)
}

// syntax is a way to write a character as several.
type syntax struct {
	begin byte
	// read reads the escape that data begins with; a length of 0: it is none.
	read func(data []byte) (char rune, length int)
	// most is the length of the longest escape without its last byte.
	most int
}

var syntaxes = []syntax{{'\\', escaped, len(`\u000`)}, {'&', reference, maxReference - 1}, {'%', percentEncoded, len("%F0%9F%98%8")}}

// undo undoes one level; nil: there is none. An escape whose end is not there yet is left out.
func (s *syntax) undo(data []byte) *layer {
	if bytes.IndexByte(data, s.begin) < 0 {
		return nil
	}
	l := &layer{text: make([]byte, 0, len(data))}
	for at := 0; at < len(data); {
		i := bytes.IndexByte(data[at:], s.begin)
		if i < 0 {
			l.text = append(l.text, data[at:]...)
			break
		}
		l.text = append(l.text, data[at:at+i]...)
		at += i
		char, length := s.read(data[at:])
		switch length {
		case unfinished:
			l.unfinished = true
			return l
		case 0:
			if cut := s.cutOff(data[at:]); cut > 0 {
				l.escapes = append(l.escapes, escape{len(l.text), len(l.text), at, at + cut})
				at += cut
				continue
			}
			l.text = append(l.text, s.begin)
			at++
			continue
		}
		from := len(l.text)
		l.text = utf8.AppendRune(l.text, char)
		l.escapes = append(l.escapes, escape{from, len(l.text), at, at + length})
		at += length
	}
	if len(l.text) == len(data) {
		return nil
	}
	return l
}

// unfinished is the length of an escape of which the end is not there.
const unfinished = -1

// escaped reads an escape of JSON. The case of its letter counts as little as that of others.
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
func (s *syntax) cutOff(data []byte) int {
	end := bytes.Index(data[:min(len(data), s.most+len(ellipsis))], []byte(ellipsis))
	if end <= 0 {
		return 0
	}
	if _, length := s.read(data[:end]); length != unfinished {
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

// whole moves a place in the data out of the middle of an escape, or of a byte in hexadecimal, to where that begins: what is left for later
// begins with no half of one.
func (l *layer) whole(at int) int {
	if l.dump {
		return l.below.start(l.wholeByte(l.below.place(at)))
	}
	return l.start(l.place(at))
}

// place is the place in the layer of one in the data: in an escape, where that begins. A nil layer is the data.
func (l *layer) place(at int) int {
	if l == nil {
		return at
	}
	at = l.below.place(at)
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
	for i := 0; i < len(deeper); i++ {
		if whole := deeper[i].whole(keep); whole < keep {
			keep, i = whole, -1 // which may be in the middle of something in another
		}
	}
	return merged(spans), keep
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
