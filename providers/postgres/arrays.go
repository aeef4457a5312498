package postgres

import (
	"errors"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// errArray is the cause of a text that is no array constant.
var errArray = errors.New("an array is null here: its text is malformed")

// decodeArray reads the text form of an array, "Array Input and Output Syntax" in PostgreSQL's documentation: braces
// nest, elements may be quoted, an unquoted NULL is null. Bounds other than 1 ("[0:1]={…}") are dropped.
func decodeArray(text string, element decoder) (cty.Value, error) {
	if strings.HasPrefix(text, "[") {
		_, after, ok := strings.Cut(text, "=")
		if !ok {
			return cty.NilVal, errArray
		}
		text = after
	}
	a := arrayReader{text: text, element: element}
	v, err := a.array()
	if err == nil && a.pos != len(text) {
		err = errArray
	}
	return v, err
}

type arrayReader struct {
	text    string
	pos     int
	element decoder
}

func (a *arrayReader) peek() byte {
	if a.pos < len(a.text) {
		return a.text[a.pos]
	}
	return 0
}

func (a *arrayReader) array() (cty.Value, error) {
	if a.peek() != '{' {
		return cty.NilVal, errArray
	}
	a.pos++
	if a.peek() == '}' {
		a.pos++
		return cty.EmptyTupleVal, nil
	}
	var items []cty.Value
	for {
		item, err := a.item()
		if err != nil {
			return cty.NilVal, err
		}
		items = append(items, item)
		switch a.peek() {
		case ',':
			a.pos++
		case '}':
			a.pos++
			return cty.TupleVal(items), nil
		default:
			return cty.NilVal, errArray
		}
	}
}

func (a *arrayReader) item() (cty.Value, error) {
	switch a.peek() {
	case '{':
		return a.array()
	case '"':
		text, err := a.quoted()
		if err != nil {
			return cty.NilVal, err
		}
		return a.element.decode(text)
	}
	start := a.pos
	for a.pos < len(a.text) && a.text[a.pos] != ',' && a.text[a.pos] != '}' {
		a.pos++
	}
	text := a.text[start:a.pos]
	if text == "" {
		return cty.NilVal, errArray
	}
	if strings.EqualFold(text, "null") {
		return a.element.null, nil
	}
	return a.element.decode(text)
}

func (a *arrayReader) quoted() (string, error) {
	var b strings.Builder
	for a.pos++; a.pos < len(a.text); a.pos++ {
		switch c := a.text[a.pos]; c {
		case '"':
			a.pos++
			return b.String(), nil
		case '\\':
			a.pos++
			if a.pos == len(a.text) {
				return "", errArray
			}
			b.WriteByte(a.text[a.pos])
		default:
			b.WriteByte(c)
		}
	}
	return "", errArray
}
