package provider

import (
	"bytes"
	"encoding/json"
	"math/big"

	"github.com/zclconf/go-cty/cty"
)

// numberBits is what a number of the language has, which holds 154 decimal digits and no more.
const numberBits = 512

// ParseNumber reads a number to its last digit: one with more digits than the language's own numbers hold gets as many bits as it takes.
func ParseNumber(text string) (*big.Float, error) {
	const bitsPerDigit = 4
	f, _, err := big.ParseFloat(text, 10, max(numberBits, uint(len(text))*bitsPerDigit), big.ToNearestEven)
	return f, err
}

// ExactJSON is the value that JSON is by itself: objects, tuples, strings, bools, and numbers as they are written. It is what cty's own
// reader gives, which drops the digits behind the 154th, and reads the text once for its type and once more for each level of it: a
// resumed run reads every result of its past.
func ExactJSON(text []byte) (cty.Value, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return cty.NilVal, err
	}
	return exactValue(tree)
}

func exactValue(tree any) (cty.Value, error) {
	switch x := tree.(type) {
	case string:
		return cty.StringVal(x), nil
	case json.Number:
		f, err := ParseNumber(x.String())
		if err != nil {
			return cty.NilVal, err
		}
		return cty.NumberVal(f), nil
	case bool:
		return cty.BoolVal(x), nil
	case map[string]any:
		attrs := make(map[string]cty.Value, len(x))
		for k, item := range x {
			v, err := exactValue(item)
			if err != nil {
				return cty.NilVal, err
			}
			attrs[k] = v
		}
		return cty.ObjectVal(attrs), nil
	case []any:
		items := make([]cty.Value, len(x))
		for i, item := range x {
			v, err := exactValue(item)
			if err != nil {
				return cty.NilVal, err
			}
			items[i] = v
		}
		return cty.TupleVal(items), nil
	}
	return cty.NullVal(cty.DynamicPseudoType), nil
}
