package postgres

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// token is a word, a quoted text or a sign of SQL; comments and spaces are left out.
type token struct {
	kind tokenKind
	// text is in lower case for words, without its quotes for texts and quoted names.
	text string
	// at is the byte offset in the SQL.
	at int
}

type tokenKind uint8

const (
	word   tokenKind = iota // a keyword or a name
	quoted                  // a name in double quotes
	text                    // a string constant, a dollar-quoted one too
	sign                    // any other single character
)

// scan splits SQL as PostgreSQL's own scanner does ("Lexical Structure" in its documentation), as far as it takes to
// tell words from texts and comments. It never fails: what is not closed ends with the SQL.
func scan(sql string) []token {
	s := scanner{sql: sql}
	for s.pos < len(sql) {
		s.next()
	}
	return s.tokens
}

type scanner struct {
	sql    string
	pos    int
	tokens []token
}

func (s *scanner) next() {
	rest := s.sql[s.pos:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "--"):
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		s.pos += end
	case strings.HasPrefix(rest, "/*"):
		s.pos += commentLength(rest)
	case c == '\'':
		s.quote(rest, '\'', false, text)
	case c == '"':
		s.quote(rest, '"', false, quoted)
	case (c == 'e' || c == 'E') && strings.HasPrefix(rest[1:], "'"):
		s.pos++
		s.quote(rest[1:], '\'', true, text)
	case c == '$' && dollarTag(rest) != "":
		tag := dollarTag(rest)
		body, _, closed := strings.Cut(rest[len(tag):], tag)
		s.tokens = append(s.tokens, token{text, body, s.pos})
		s.pos += len(tag) + len(body)
		if closed {
			s.pos += len(tag)
		}
	case startsName(c):
		end := 1
		for end < len(rest) && (startsName(rest[end]) || rest[end] >= '0' && rest[end] <= '9' || rest[end] == '$') {
			end++
		}
		s.tokens = append(s.tokens, token{word, strings.ToLower(rest[:end]), s.pos})
		s.pos += end
	case strings.IndexByte(" \t\r\n\f\v", c) >= 0:
		s.pos++
	default:
		_, size := utf8.DecodeRuneInString(rest)
		s.tokens = append(s.tokens, token{sign, rest[:size], s.pos})
		s.pos += size
	}
}

// startsName reports what an unquoted name may start with: bytes above ASCII count as letters.
func startsName(c byte) bool {
	return c == '_' || c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// quote reads up to the closing quote; a doubled one stands for itself, as does one after a backslash in E'…'.
func (s *scanner) quote(rest string, mark byte, backslash bool, kind tokenKind) {
	start, i := s.pos, 1
	var b strings.Builder
	for ; i < len(rest); i++ {
		if rest[i] == mark {
			if i+1 >= len(rest) || rest[i+1] != mark {
				break
			}
			i++
		} else if backslash && rest[i] == '\\' && i+1 < len(rest) {
			i++
		}
		b.WriteByte(rest[i])
	}
	s.tokens = append(s.tokens, token{kind, b.String(), start})
	s.pos += min(i+1, len(rest))
}

// commentLength is the length of a block comment; they nest.
func commentLength(rest string) int {
	depth, i := 1, 2
	for i < len(rest) && depth > 0 {
		switch {
		case strings.HasPrefix(rest[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(rest[i:], "*/"):
			depth--
			i += 2
		default:
			i++
		}
	}
	return i
}

// dollarTag is "$$" or "$name$" at the start of rest, or empty.
func dollarTag(rest string) string {
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '$':
			return rest[:i+1]
		case startsName(c) || i > 1 && c >= '0' && c <= '9':
		default:
			return ""
		}
	}
	return ""
}

// split cuts tokens into statements at their semicolons; empty ones are left out.
func split(tokens []token) [][]token {
	var statements [][]token
	start := 0
	for i := 0; i <= len(tokens); i++ {
		if i < len(tokens) && (tokens[i].kind != sign || tokens[i].text != ";") {
			continue
		}
		if i > start {
			statements = append(statements, tokens[start:i])
		}
		start = i + 1
	}
	return statements
}

// firstWord is the word that a statement starts with, behind opening parentheses; empty where there is none.
func firstWord(statement []token) string {
	for _, t := range statement {
		if t.kind == sign && t.text == "(" {
			continue
		}
		if t.kind == word {
			return t.text
		}
		break
	}
	return ""
}

// queries are the statements that postgres_query takes. Others are either changes or have no rows.
var queries = map[string]bool{
	"select": true, "with": true, "values": true, "table": true, "show": true, "explain": true,
}

// checkQuery says why a text can't be the statement of postgres_query.
func checkQuery(sql string) error {
	statements := split(scan(sql))
	switch {
	case len(statements) == 0:
		return fmt.Errorf("there is no statement in it; write one such as \"SELECT count(*) FROM orders\"")
	case len(statements) > 1:
		return fmt.Errorf("these are %d statements; write one, and a further one in a further step", len(statements))
	}
	if first := firstWord(statements[0]); !queries[first] {
		return fmt.Errorf("postgres_query takes one SELECT, WITH, VALUES, TABLE, SHOW or EXPLAIN, and this starts with %s; use postgres_exec to change something",
			describe(first, statements[0][0]))
	}
	return nil
}

func describe(first string, t token) string {
	if first != "" {
		return strings.ToUpper(first)
	}
	return fmt.Sprintf("%q", t.text)
}
