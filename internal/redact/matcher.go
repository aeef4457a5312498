package redact

// matcher finds all of many texts in one pass (Aho and Corasick's automaton), one table look-up a byte.
type matcher struct {
	classes [256]uint16 // column of a byte; 0: in no secret
	width   int32       // columns of a row
	next    []int32     // row offset of the state after a byte
	match   []int32     // by state: length of the longest secret that ends here; 0: none
	hold    []int32     // by state: how many last bytes may be the beginning of a secret
}

// span is a part of the data that secrets cover. Written says that its blank is already out.
type span struct {
	start, end int
	written    bool
}

// compile builds the automaton; nil for no texts.
func compile(texts map[string]struct{}) *matcher {
	if len(texts) == 0 {
		return nil
	}
	m := &matcher{width: 1}
	for text := range texts {
		for i := range len(text) {
			if c := &m.classes[text[i]]; *c == 0 {
				*c = uint16(m.width)
				m.width++
			}
		}
	}
	m.addState()
	for text := range texts {
		m.insert(text)
	}
	m.link()
	return m
}

func (m *matcher) addState() int32 {
	m.next = append(m.next, make([]int32, m.width)...)
	m.match = append(m.match, 0)
	m.hold = append(m.hold, 0)
	return int32(len(m.match) - 1)
}

func (m *matcher) insert(text string) {
	state := int32(0)
	for i := range len(text) {
		at := state*m.width + int32(m.classes[text[i]])
		if m.next[at] == 0 {
			child := m.addState()
			m.next[at] = child
		}
		state = m.next[at]
	}
	m.match[state] = int32(len(text))
}

// link walks the trie by depth and completes each state's row from its longest proper suffix that is a state too.
func (m *matcher) link() {
	type entry struct{ state, suffix, depth int32 }
	queue := []entry{{}}
	for len(queue) > 0 {
		e := queue[0]
		queue = queue[1:]
		leaf := true
		for c := int32(1); c < m.width; c++ {
			at, fallback := e.state*m.width+c, int32(0)
			if e.state != 0 {
				fallback = m.next[e.suffix*m.width+c]
			}
			if child := m.next[at]; child != 0 {
				leaf = false
				queue = append(queue, entry{child, fallback, e.depth + 1})
			} else {
				m.next[at] = fallback
			}
		}
		if m.match[e.state] == 0 {
			m.match[e.state] = m.match[e.suffix]
		}
		m.hold[e.state] = e.depth
		if leaf {
			m.hold[e.state] = m.hold[e.suffix]
		}
	}
}

// find appends the spans that secrets cover in data, in order. Spans that overlap become one, so that no end of a secret
// stays visible.
func (m *matcher) find(spans []span, data []byte) []span {
	spans, _ = m.findHold(spans, data)
	return spans
}

// findHold is find, and says how many of the last bytes may be the beginning of a secret that goes on.
func (m *matcher) findHold(spans []span, data []byte) ([]span, int) {
	state := int32(0)
	for i, b := range data {
		state = m.next[state*m.width+int32(m.classes[b])]
		length := m.match[state]
		if length == 0 {
			continue
		}
		found := span{start: i + 1 - int(length), end: i + 1}
		for len(spans) > 0 {
			last := spans[len(spans)-1]
			if last.end <= found.start {
				break
			}
			found.start = min(found.start, last.start)
			found.written = found.written || last.written
			spans = spans[:len(spans)-1]
		}
		spans = append(spans, found)
	}
	return spans, int(m.hold[state])
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
