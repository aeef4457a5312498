package validate

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// within is the place of an error in a constant string: the part that a [provider.PositionError] names where that can
// be found in the file, else the whole expression.
func (c *checker) within(e hclsyntax.Expression, text string, err error) hcl.Range {
	var at *provider.PositionError
	if !errors.As(err, &at) || at.Offset < 0 || at.Offset > len(text) {
		return e.Range()
	}
	start, ok := c.locate(e, at.Offset)
	if !ok {
		return e.Range()
	}
	end, ok := c.locate(e, min(at.Offset+max(at.Length, 1), len(text)))
	if !ok || end.Byte <= start.Byte {
		end = start
		end.Byte++
		end.Column++
	}
	return hcl.Range{Filename: e.Range().Filename, Start: start, End: end}
}

// locate finds the place in the file of a byte of a constant string.
func (c *checker) locate(e hclsyntax.Expression, offset int) (hcl.Pos, bool) {
	template, ok := e.(*hclsyntax.TemplateExpr)
	if !ok {
		return hcl.Pos{}, false
	}
	file := c.rb.Sources[e.Range().Filename]
	if file == nil {
		return hcl.Pos{}, false
	}
	for i, part := range template.Parts {
		literal, ok := part.(*hclsyntax.LiteralValueExpr)
		if !ok || literal.Val.Type() != cty.String || literal.Val.IsNull() {
			return hcl.Pos{}, false
		}
		value := literal.Val.AsString()
		if offset > len(value) || offset == len(value) && i < len(template.Parts)-1 {
			offset -= len(value)
			continue
		}
		return inLiteral(file.Bytes, literal.SrcRange, value, offset)
	}
	return hcl.Pos{}, false
}

// inLiteral finds a byte of a literal's value in its source, in which escapes are longer than what they stand for and
// a heredoc's lines may be indented.
func inLiteral(file []byte, rng hcl.Range, value string, offset int) (hcl.Pos, bool) {
	if rng.Start.Byte < 0 || rng.End.Byte > len(file) || rng.Start.Byte > rng.End.Byte {
		return hcl.Pos{}, false
	}
	source := file[rng.Start.Byte:rng.End.Byte]
	if at, ok := inLines(source, value, offset); ok {
		return advance(rng.Start, source[:at]), true
	}
	at := 0
	for rest := value; len(value)-len(rest) < offset; {
		size, stands := escape(source[at:])
		if size == 0 || !strings.HasPrefix(rest, stands) {
			return hcl.Pos{}, false
		}
		at += size
		rest = rest[len(stands):]
	}
	return advance(rng.Start, source[:at]), true
}

// inLines finds a byte where each line of the source ends in a line of the value: in a literal without escapes.
func inLines(source []byte, value string, offset int) (int, bool) {
	lines, values := bytes.SplitAfter(source, []byte("\n")), strings.SplitAfter(value, "\n")
	if len(lines) != len(values) {
		return 0, false
	}
	at, before, found := 0, 0, -1
	for i, line := range lines {
		if !bytes.HasSuffix(line, []byte(values[i])) {
			return 0, false
		}
		if found < 0 && offset <= before+len(values[i]) {
			found = at + len(line) - len(values[i]) + offset - before
		}
		at += len(line)
		before += len(values[i])
	}
	return found, found >= 0
}

var escapes = map[byte]string{'n': "\n", 'r': "\r", 't': "\t", '"': `"`, '\\': `\`}

// escape reads one character of a quoted literal: how long it is in the file, and what it stands for.
func escape(source []byte) (size int, stands string) {
	switch {
	case len(source) == 0:
		return 0, ""
	case len(source) > 1 && source[0] == '\\':
		// \u and \U are rare enough in patterns that their strings are underlined whole.
		stands, ok := escapes[source[1]]
		if !ok {
			return 0, ""
		}
		return 2, stands
	case bytes.HasPrefix(source, []byte("$${")) || bytes.HasPrefix(source, []byte("%%{")):
		return 3, string(source[1:3])
	}
	_, size = utf8.DecodeRune(source)
	return size, string(source[:size])
}

// advance moves a position over text.
func advance(pos hcl.Pos, text []byte) hcl.Pos {
	pos.Byte += len(text)
	if n := bytes.Count(text, []byte("\n")); n > 0 {
		pos.Line += n
		pos.Column = 1
		text = text[bytes.LastIndexByte(text, '\n')+1:]
	}
	pos.Column += utf8.RuneCount(text)
	return pos
}
