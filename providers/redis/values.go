package redis

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/big"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// decoder makes language values of answers: nil is null, strings, integers, doubles and bools are themselves, arrays
// and sets tuples, maps objects. A string that is not UTF-8 becomes "base64:" and its bytes in base64.
type decoder struct {
	warn func(format string, args ...any)
	// secret reports whether the value of a map's key must never be shown; nil: none.
	secret func(key string) bool
}

func (d decoder) value(v any) cty.Value {
	switch v := v.(type) {
	case nil:
		return cty.NullVal(cty.DynamicPseudoType)
	case string:
		return cty.StringVal(binarySafe(v))
	case int64:
		return cty.NumberIntVal(v)
	case float64:
		return d.float(v)
	case bool:
		return cty.BoolVal(v)
	case *big.Int:
		return cty.NumberVal(new(big.Float).SetInt(v))
	case []any:
		return d.array(v)
	case map[any]any:
		return d.object(v)
	case error:
		return cty.StringVal(binarySafe(v.Error()))
	}
	return cty.StringVal(binarySafe(fmt.Sprint(v)))
}

func (d decoder) float(v float64) cty.Value {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		d.warn("the server gave %v, which is null here", v)
		return cty.NullVal(cty.Number)
	}
	return cty.NumberFloatVal(v)
}

func (d decoder) array(items []any) cty.Value {
	values := make([]cty.Value, len(items))
	for i, item := range items {
		values[i] = d.value(item)
	}
	return cty.TupleVal(values)
}

func (d decoder) object(m map[any]any) cty.Value {
	attrs := make(map[string]cty.Value, len(m))
	for k, item := range m {
		key := binarySafe(fmt.Sprint(k))
		value := d.value(item)
		if d.secret != nil && d.secret(key) {
			value = value.Mark(provider.Sensitive)
		}
		attrs[key] = value
	}
	return cty.ObjectVal(attrs)
}

func binarySafe(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return "base64:" + base64.StdEncoding.EncodeToString([]byte(s))
}

// pairs makes a map of the flat list that RESP 2 has in place of maps; anything else is left as it is.
func pairs(v any) any {
	items, ok := v.([]any)
	if !ok || len(items)%2 != 0 {
		return v
	}
	m := make(map[any]any, len(items)/2)
	for i := 0; i < len(items); i += 2 {
		m[fmt.Sprint(items[i])] = items[i+1]
	}
	return m
}
