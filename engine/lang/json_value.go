package lang

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// JSONToValue reads what [ValueToJSON] wrote of a value of a type. Parts whose type is open become what the JSON says:
// objects, tuples, strings, numbers, bools.
func JSONToValue(text json.RawMessage, ty cty.Type) (cty.Value, error) {
	if len(text) == 0 {
		return cty.NullVal(ty), nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // as it was written, to the last digit
	var tree any
	if err := d.Decode(&tree); err != nil {
		return cty.NilVal, fmt.Errorf("read a value: %w", err)
	}
	v, err := impliedValue(tree)
	if err != nil {
		return cty.NilVal, fmt.Errorf("read a value: %w", err)
	}
	converted, err := convert.Convert(v, ty)
	if err != nil {
		return cty.NilVal, fmt.Errorf("read a value: %w", err)
	}
	return converted, nil
}

// impliedValue is the value that decoded JSON is by itself. It is what cty's own reader gives, which reads the text once for
// its type and once more for each level of it: a resumed run reads every result of its past.
func impliedValue(tree any) (cty.Value, error) {
	switch x := tree.(type) {
	case string:
		return cty.StringVal(x), nil
	case json.Number:
		return cty.ParseNumberVal(x.String())
	case bool:
		return cty.BoolVal(x), nil
	case map[string]any:
		attrs := make(map[string]cty.Value, len(x))
		for k, item := range x {
			v, err := impliedValue(item)
			if err != nil {
				return cty.NilVal, err
			}
			attrs[k] = v
		}
		return cty.ObjectVal(attrs), nil
	case []any:
		items := make([]cty.Value, len(x))
		for i, item := range x {
			v, err := impliedValue(item)
			if err != nil {
				return cty.NilVal, err
			}
			items[i] = v
		}
		return cty.TupleVal(items), nil
	}
	return cty.NullVal(cty.DynamicPseudoType), nil
}

// Blank stands in the place of a sensitive value.
const Blank = sensitiveText

// HoldsBlank reports whether a JSON text holds the words that stand in the place of a sensitive value.
func HoldsBlank(text json.RawMessage) bool { return bytes.Contains(text, []byte(sensitiveText)) }

// IsBlank reports whether a sensitive value was blanked in a text, or the whole of it.
func IsBlank(text string) bool { return strings.Contains(text, sensitiveText) }
