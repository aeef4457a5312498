package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zclconf/go-cty/cty"
)

type mark string

// Sensitive marks values that are never shown. The mark follows every expression.
const Sensitive = mark("sensitive")

// GoString keeps the mark readable in debugging output of cty values.
func (m mark) GoString() string { return "provider." + string(m) }

// byteOrderMark is what some writers begin UTF-8 with; RFC 8259, 8.1 lets readers pass over it.
var byteOrderMark = []byte("\uFEFF")

// FromJSON makes a language value of a JSON text: objects become objects, arrays tuples, and numbers keep their
// digits, so that mixed arrays and maps are as fine as in JSON. A number beyond the range of a float64 becomes null, as
// an infinity does.
func FromJSON(text []byte) (cty.Value, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, byteOrderMark)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return cty.NilVal, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return cty.NilVal, fmt.Errorf("there is more after the JSON value")
	}
	return FromGo(v), nil
}

// FromGo makes a language value of the Go values that decoders of JSON, YAML and database rows give: nil, bool,
// string, []byte, numbers, json.Number, time.Time, []any, map[string]any, cty.Value. Numbers that are not finite
// become null; any other type becomes the string that fmt gives it.
func FromGo(v any) cty.Value {
	switch v := v.(type) {
	case nil:
		return cty.NullVal(cty.DynamicPseudoType)
	case cty.Value:
		return v
	case bool:
		return cty.BoolVal(v)
	case string:
		return cty.StringVal(v)
	case []byte:
		return cty.StringVal(string(v))
	case json.Number:
		return number(v)
	case float64:
		return floatCodec.encode(reflectValue(v), func(string) {})
	case float32:
		return FromGo(float64(v))
	case int:
		return cty.NumberIntVal(int64(v))
	case int16:
		return cty.NumberIntVal(int64(v))
	case int32:
		return cty.NumberIntVal(int64(v))
	case int64:
		return cty.NumberIntVal(v)
	case uint64:
		return cty.NumberUIntVal(v)
	case time.Time:
		return cty.StringVal(v.UTC().Format(time.RFC3339Nano))
	case []any:
		return fromSlice(v)
	case map[string]any:
		return fromMap(v)
	}
	return cty.StringVal(fmt.Sprint(v))
}

// number keeps the digits of a number but not every exponent: written out, as a language value is, 1e999999999 would
// fill the memory.
func number(text json.Number) cty.Value {
	f, err := ParseNumber(text.String())
	switch {
	case err != nil || f.MantExp(nil) > maxExponent || f.IsInf():
		return cty.NullVal(cty.Number)
	case f.MantExp(nil) < minExponent:
		return cty.Zero
	}
	return cty.NumberVal(f)
}

// The binary exponents of a float64, those of its smallest numbers included.
const (
	maxExponent = 1024
	minExponent = -1074
)

func fromSlice(list []any) cty.Value {
	if len(list) == 0 {
		return cty.EmptyTupleVal
	}
	items := make([]cty.Value, len(list))
	for i, item := range list {
		items[i] = FromGo(item)
	}
	return cty.TupleVal(items)
}

func fromMap(m map[string]any) cty.Value {
	if len(m) == 0 {
		return cty.EmptyObjectVal
	}
	attrs := make(map[string]cty.Value, len(m))
	for k, item := range m {
		attrs[k] = FromGo(item)
	}
	return cty.ObjectVal(attrs)
}
