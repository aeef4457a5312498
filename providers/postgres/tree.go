package postgres

import (
	"strconv"
	"strings"
)

// treeNode is a node of an expression as PostgreSQL keeps it, pg_node_tree: {VAR :varno 1 :varattno 2}. A list and a word are nodes
// too: fields of a list are not told apart.
type treeNode struct {
	// kind is "VAR", "FUNCEXPR"; empty of a word.
	kind, word string
	fields     map[string][]*treeNode
}

// value is the one word of a field; empty where there is none.
func (n *treeNode) value(field string) string {
	if list := n.fields[field]; len(list) == 1 {
		return list[0].word
	}
	return ""
}

// each visits a node and all below it.
func (n *treeNode) each(visit func(n *treeNode)) {
	visit(n)
	for _, list := range n.fields {
		for _, below := range list {
			below.each(visit)
		}
	}
}

// parseTree reads a tree. The list of a field, and what is in lists in it, becomes one list.
func parseTree(text string) []*treeNode {
	r := treeReader{words: treeWords(text)}
	return r.list()
}

type treeReader struct{ words []string }

// list reads up to the field that follows, the end of the node or of the text.
func (r *treeReader) list() []*treeNode {
	var out []*treeNode
	for len(r.words) > 0 {
		word := r.words[0]
		if word == "}" || strings.HasPrefix(word, ":") {
			return out
		}
		r.words = r.words[1:]
		switch word {
		case "(", ")":
		case "{":
			out = append(out, r.node())
		default:
			out = append(out, &treeNode{word: word})
		}
	}
	return out
}

// node reads what follows a brace.
func (r *treeReader) node() *treeNode {
	n := &treeNode{fields: map[string][]*treeNode{}}
	if len(r.words) > 0 {
		n.kind, r.words = r.words[0], r.words[1:]
	}
	for len(r.words) > 0 && r.words[0] != "}" {
		field := strings.TrimPrefix(r.words[0], ":")
		r.words = r.words[1:]
		n.fields[field] = append(n.fields[field], r.list()...)
	}
	if len(r.words) > 0 {
		r.words = r.words[1:]
	}
	return n
}

// treeWords cuts a tree at blanks, parentheses and braces. A backslash takes the meaning of what follows it away, so that no name
// looks like a node.
func treeWords(text string) []string {
	var out []string
	word := ""
	end := func() {
		if word != "" {
			out = append(out, word)
		}
		word = ""
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\n', '\t':
			end()
		case '(', ')', '{', '}':
			end()
			out = append(out, string(c))
		case '\\':
			word += text[i:min(i+2, len(text))]
			i++
		default:
			word += string(c)
		}
	}
	end()
	return out
}

// ownNumber reports whether a number is a fixed one of PostgreSQL's own.
func ownNumber(text string) bool {
	n, err := strconv.ParseUint(text, 10, 32)
	return err == nil && n < firstOfInitdb
}
