package lang

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strconv"

	"github.com/zclconf/go-cty/cty"
)

// ValueToJSON writes a value as JSON: sensitive parts as "(sensitive)", unknown and infinite ones as null, sets as
// arrays, attributes in the order of their names. It never fails.
func ValueToJSON(v cty.Value) json.RawMessage {
	return appendJSON(make([]byte, 0, 64), v)
}

func appendJSON(out []byte, v cty.Value) []byte {
	switch {
	case v == cty.NilVal:
		return append(out, "null"...)
	case v.IsMarked():
		return append(out, `"`+sensitiveText+`"`...)
	case !v.IsKnown() || v.IsNull():
		return append(out, "null"...)
	}
	switch t := v.Type(); {
	case t == cty.String:
		return appendJSONString(out, v.AsString())
	case t == cty.Bool:
		return strconv.AppendBool(out, v.True())
	case t == cty.Number:
		return appendJSONNumber(out, v.AsBigFloat())
	case t.IsObjectType() || t.IsMapType():
		out = append(out, '{')
		for it := v.ElementIterator(); it.Next(); {
			k, item := it.Element()
			out = appendJSONString(out, k.AsString())
			out = append(out, ':')
			out = append(appendJSON(out, item), ',')
		}
		return closeJSON(out, '{', '}')
	case t.IsListType() || t.IsTupleType() || t.IsSetType():
		out = append(out, '[')
		for it := v.ElementIterator(); it.Next(); {
			_, item := it.Element()
			out = append(appendJSON(out, item), ',')
		}
		return closeJSON(out, '[', ']')
	}
	return append(out, "null"...)
}

// closeJSON puts end in the place of the last comma, if there is one.
func closeJSON(out []byte, start, end byte) []byte {
	if out[len(out)-1] == start {
		return append(out, end)
	}
	out[len(out)-1] = end
	return out
}

func appendJSONString(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return appendEscaped(out, s)
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}

func appendEscaped(out []byte, s string) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		// A string always encodes: what is no UTF-8 in it is replaced.
		return append(out, `""`...)
	}
	return append(out, bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))...)
}

// maxIntegerBits bounds the digits of whole numbers that are written in full.
const maxIntegerBits = 1024

// float64Bits is the precision of a float64.
const float64Bits = 53

// appendJSONNumber writes as few digits as tell the number from any other of its precision: what an undo gives back is read from them.
func appendJSONNumber(out []byte, f *big.Float) []byte {
	exponent := f.MantExp(nil)
	switch {
	case f.IsInf() || exponent > maxShownExponent || exponent < -maxShownExponent:
		return append(out, "null"...)
	case f.IsInt() && exponent < maxIntegerBits:
		return f.Append(out, 'f', 0)
	case exponent < -19 || exponent > 69: // below 1e-6, from 1e21
		return f.Append(out, 'e', -1)
	case f.Prec() <= float64Bits:
		n, _ := f.Float64()
		return strconv.AppendFloat(out, n, 'f', -1, 64) // the same digits in a tenth of the time
	}
	return f.Append(out, 'f', -1)
}
