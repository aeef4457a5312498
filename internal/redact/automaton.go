package redact

// automaton finds all of many folded texts in one pass (Aho and Corasick), in whatever case they are written. Nearly all of its states have one successor: a table of
// all bytes for each would take hundreds of times the secrets' own size.
type automaton struct {
	texts             []string
	shortest, longest int // the lengths of two of them
	nodes             []node
	rows              [][256]int32
}

// node is a state. State 0 is the root.
type node struct {
	fail int32 // the state of the longest proper suffix
	// kid is the first state after it, next the next one of the same parent; 0: none.
	kid, next int32
	// row is the index of a table of the states after it, where they are many; 0: none, except for the root.
	row   int32
	match int32 // length of the longest secret that ends here; 0: none
	hold  int32 // how many last bytes may be the beginning of a secret
	kids  uint8 // up to manyKids
	char  byte  // that leads here, folded
}

// manyKids is the number of successors from which a table is faster than a list.
const manyKids = 6

// build makes an automaton of at least one folded text; none may be empty.
func build(texts []string) *automaton {
	size, shortest, longest := 1, len(texts[0]), 0
	for _, text := range texts {
		size += len(text)
		shortest, longest = min(shortest, len(text)), max(longest, len(text))
	}
	a := &automaton{texts: texts, shortest: shortest, longest: longest, nodes: make([]node, 1, size), rows: make([][256]int32, 1)}
	for _, text := range texts {
		a.insert(text)
	}
	a.link()
	return a
}

func (a *automaton) insert(text string) {
	state := int32(0)
	for i := range len(text) {
		next := a.child(state, text[i])
		if next == 0 {
			next = a.grow(state, text[i])
		}
		state = next
	}
	a.nodes[state].match = int32(len(text))
}

// child is the state after state by a byte; 0: none.
func (a *automaton) child(state int32, char byte) int32 {
	n := &a.nodes[state]
	if n.row != 0 || state == 0 {
		return a.rows[n.row][char]
	}
	char = fold[char]
	for kid := n.kid; kid != 0; kid = a.nodes[kid].next {
		if a.nodes[kid].char == char {
			return kid
		}
	}
	return 0
}

// grow adds a state after state. Tables have it for both cases of a letter, so that to look one up is all there is to do.
func (a *automaton) grow(state int32, char byte) int32 {
	made := int32(len(a.nodes))
	a.nodes = append(a.nodes, node{char: char, next: a.nodes[state].kid})
	parent := &a.nodes[state]
	parent.kid = made
	parent.kids = min(parent.kids+1, manyKids)
	if state != 0 && parent.row == 0 && parent.kids == manyKids {
		parent.row = int32(len(a.rows))
		a.rows = append(a.rows, [256]int32{})
		for kid := parent.kid; kid != 0; kid = a.nodes[kid].next {
			a.enter(parent.row, a.nodes[kid].char, kid)
		}
	}
	if parent.row != 0 || state == 0 {
		a.enter(parent.row, char, made)
	}
	return made
}

// enter sets the state after a folded byte in a table.
func (a *automaton) enter(row int32, char byte, state int32) {
	a.rows[row][char] = state
	if 'a' <= char && char <= 'z' {
		a.rows[row][char-('a'-'A')] = state
	}
}

// link walks the states by depth and finds for each the longest proper suffix that is a state too.
func (a *automaton) link() {
	type entry struct{ state, depth int32 }
	queue := make([]entry, 1, len(a.nodes))
	for at := 0; at < len(queue); at++ {
		e := queue[at]
		n := &a.nodes[e.state]
		for kid := n.kid; kid != 0; kid = a.nodes[kid].next {
			if e.state != 0 {
				a.nodes[kid].fail = a.after(n.fail, a.nodes[kid].char)
			}
			queue = append(queue, entry{kid, e.depth + 1})
		}
		suffix := &a.nodes[n.fail]
		if n.match == 0 {
			n.match = suffix.match
		}
		n.hold = e.depth
		if n.kid == 0 {
			n.hold = suffix.hold
		}
	}
}

// after is the state after a byte.
func (a *automaton) after(state int32, char byte) int32 {
	for {
		if next := a.child(state, char); next != 0 || state == 0 {
			return next
		}
		state = a.nodes[state].fail
	}
}

// find appends the spans that secrets cover in data, in order; those that overlap become one, so that no end of a secret
// stays visible. It says how many of the last bytes may be the beginning of a secret that goes on.
func (a *automaton) find(spans []span, data []byte) ([]span, int) {
	state, root := int32(0), &a.rows[0]
	for i, b := range data {
		if state == 0 {
			if state = root[b]; state == 0 {
				continue
			}
		} else {
			state = a.after(state, b)
		}
		if length := int(a.nodes[state].match); length != 0 {
			spans = cover(spans, span{start: i + 1 - length, end: i + 1})
		}
	}
	return spans, int(a.nodes[state].hold)
}
