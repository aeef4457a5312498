package lang

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The parsers call themselves for each level of nesting, and a stack that overflows ends the process. So sources are
// bounded before they are parsed: by a scan that knows just enough of the grammar to tell brackets from text.
const (
	maxNesting = 100
	// maxOperators bounds one expression within one pair of brackets: each operator of a chain is a level of its tree.
	maxOperators = 2000
)

// sourceSyntax is what a scanned text is.
type sourceSyntax int

const (
	nativeSource   sourceSyntax = iota
	templateSource              // the inside of a quoted string
	jsonSource
)

// bracket is one open bracket, string or heredoc.
type bracket struct {
	// open is the opening byte: ( [ { for brackets, '"' for a string, '<' for a heredoc, '$' for an interpolation, 0 for
	// the outermost code, 't' for an outermost template.
	open      byte
	operators int
	// marker ends a heredoc.
	marker []byte
}

type nestingScanner struct {
	src      []byte
	at       int
	brackets []bracket
	json     bool
	// huge is set at a number whose exponent is out of range.
	huge bool
	// splits are ends of lines outside all brackets, chunkBytes or more apart.
	splits []int
}

// checkNesting reports the first place where a source is nested too deeply to be parsed.
func checkNesting(src []byte, filename string, start hcl.Pos, syntax sourceSyntax) *hcl.Diagnostic {
	_, problem := scanNesting(src, filename, start, syntax)
	return problem
}

// scanNesting is checkNesting that also tells where the source can be cut in pieces: see parseNative.
func scanNesting(src []byte, filename string, start hcl.Pos, syntax sourceSyntax) (splits []int, bad *hcl.Diagnostic) {
	s := &nestingScanner{src: src, brackets: make([]bracket, 1, 16), json: syntax == jsonSource}
	if syntax == templateSource {
		s.brackets[0].open = 't'
	}
	problem := s.run()
	if problem == "" {
		return s.splits, nil
	}
	pos := hcl.Pos{
		Line: start.Line + bytes.Count(src[:s.at], []byte("\n")),
		Byte: start.Byte + s.at,
	}
	pos.Column = s.at - bytes.LastIndexByte(src[:s.at], '\n')
	if pos.Line == start.Line {
		pos.Column += start.Column - 1
	}
	end := pos
	end.Byte++
	end.Column++
	return nil, &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  s.summary(),
		Detail:   problem,
		Subject:  &hcl.Range{Filename: filename, Start: pos, End: end},
	}
}

// summary names the problem that run gave.
func (s *nestingScanner) summary() string {
	if s.huge {
		return "Number out of range"
	}
	return "Nested too deeply"
}

// run scans to the end and gives the problem found at s.at, or an empty text.
func (s *nestingScanner) run() string {
	for ; s.at < len(s.src); s.at++ {
		s.step()
		if s.huge {
			return fmt.Sprintf("The exponent of a number may have %d digits.", maxExponentDigits)
		}
		if len(s.brackets) > maxNesting {
			return fmt.Sprintf("Brackets, blocks and templates may be nested %d deep. Split this up: move parts of it into locals.", maxNesting)
		}
		if s.brackets[len(s.brackets)-1].operators > maxOperators {
			return fmt.Sprintf("One expression may have %d operators. Split this up: move parts of it into locals.", maxOperators)
		}
	}
	return ""
}

// maxExponentDigits bounds numbers before a parser or an evaluation meets them: written out, one of 1e600000000 would fill
// the memory.
const maxExponentDigits = 4

// exponent looks at an e: whether it stands in a number whose exponent is out of range.
func (s *nestingScanner) exponent() {
	digits := 1
	if c := s.peek(1); c == '+' || c == '-' {
		digits++
	}
	count := 0
	for isDigit(s.peek(digits+count)) && count <= maxExponentDigits {
		count++
	}
	start := s.at
	for start > 0 && (isDigit(s.src[start-1]) || s.src[start-1] == '.') {
		start--
	}
	if count > maxExponentDigits && start < s.at && (start == 0 || !isNameByte(s.src[start-1])) {
		s.huge = true
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameByte(c byte) bool {
	return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}

// step looks at the byte at s.at, and moves on where it belongs to longer marks.
func (s *nestingScanner) step() {
	top := &s.brackets[len(s.brackets)-1]
	switch top.open {
	case '"', 't':
		s.inString(top)
	case '<':
		s.inHeredoc(top)
	default:
		s.inCode(top)
	}
}

func (s *nestingScanner) push(open byte) { s.brackets = append(s.brackets, bracket{open: open}) }

func (s *nestingScanner) pop() {
	if len(s.brackets) > 1 {
		s.brackets = s.brackets[:len(s.brackets)-1]
	}
}

func (s *nestingScanner) peek(n int) byte {
	if s.at+n < len(s.src) {
		return s.src[s.at+n]
	}
	return 0
}

func (s *nestingScanner) inCode(top *bracket) {
	switch c := s.src[s.at]; c {
	case '"':
		s.push('"')
	case '(', '[', '{':
		top.operators++
		s.push(c)
	case ')', ']', '}':
		s.pop()
	case '\n':
		if top.open == 0 || top.open == '{' {
			top.operators = 0
		}
		if len(s.brackets) == 1 {
			s.split()
		}
	case ',':
		top.operators = 0
	case '#':
		s.skipLine()
	case '/':
		s.slash(top)
	case '<':
		top.operators++
		if !s.json && s.peek(1) == '<' {
			s.heredoc()
		}
	case 'e', 'E':
		s.exponent()
	case '!', '-', '+', '*', '%', '>', '=', '&', '|', '?':
		top.operators++
	}
}

// split notes the line's end as a place to cut at, when the last one is far enough away.
func (s *nestingScanner) split() {
	last := 0
	if n := len(s.splits); n > 0 {
		last = s.splits[n-1]
	}
	if s.at+1-last >= chunkBytes && s.at+1 < len(s.src) {
		s.splits = append(s.splits, s.at+1)
	}
}

func (s *nestingScanner) slash(top *bracket) {
	switch s.peek(1) {
	case '/':
		s.skipLine()
	case '*':
		if end := bytes.Index(s.src[s.at+2:], []byte("*/")); end >= 0 {
			s.at += end + 3
		}
	default:
		top.operators++
	}
}

// skipLine stops before the line's end, which may end an expression.
func (s *nestingScanner) skipLine() {
	if end := bytes.IndexByte(s.src[s.at:], '\n'); end >= 0 {
		s.at += end - 1
		return
	}
	s.at = len(s.src)
}

// heredoc opens one at "<<NAME" or "<<-NAME" before a line's end.
func (s *nestingScanner) heredoc() {
	rest := s.src[s.at+2:]
	line, _, found := bytes.Cut(rest, []byte("\n"))
	name := bytes.TrimSuffix(bytes.TrimPrefix(line, []byte("-")), []byte("\r"))
	if !found || !hclsyntax.ValidIdentifier(string(name)) {
		return
	}
	s.at += 2 + len(line)
	s.brackets = append(s.brackets, bracket{open: '<', marker: name})
	s.endHeredoc()
}

func (s *nestingScanner) inHeredoc(top *bracket) {
	if s.src[s.at] == '\n' {
		s.endHeredoc()
		return
	}
	s.template(top)
}

// endHeredoc closes the heredoc when the line that begins after s.at is its marker.
func (s *nestingScanner) endHeredoc() {
	line, _, _ := bytes.Cut(s.src[min(s.at+1, len(s.src)):], []byte("\n"))
	if bytes.Equal(bytes.TrimSpace(line), s.brackets[len(s.brackets)-1].marker) {
		s.at += len(line)
		s.pop()
	}
}

func (s *nestingScanner) inString(top *bracket) {
	switch c := s.src[s.at]; {
	case c == '\\' && top.open == '"':
		s.at++
	case c == '"' && top.open == '"':
		s.pop()
	case !s.json:
		s.template(top)
	}
}

// template opens an interpolation or a control sequence at "${" or "%{"; a doubled sign escapes it.
func (s *nestingScanner) template(top *bracket) {
	c := s.src[s.at]
	if c != '$' && c != '%' {
		return
	}
	if s.peek(1) == c && s.peek(2) == '{' {
		s.at += 2
		return
	}
	if s.peek(1) == '{' {
		if c == '%' {
			// Directives nest without brackets: an if within an if.
			top.operators++
		}
		s.at++
		s.push('$')
	}
}
