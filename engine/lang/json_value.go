package lang

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/provider"
)

// JSONToValue reads what [ValueToJSON] wrote of a value of a type. Parts whose type is open become what the JSON says:
// objects, tuples, strings, numbers, bools.
func JSONToValue(text json.RawMessage, ty cty.Type) (cty.Value, error) {
	return readJSON(text, ty, func(v cty.Value) cty.Value { return v })
}

// readJSON reads a value, and has whole make of it what it may lack before it becomes one of the type.
func readJSON(text json.RawMessage, ty cty.Type, whole func(cty.Value) cty.Value) (cty.Value, error) {
	if len(text) == 0 {
		return cty.NullVal(ty), nil
	}
	v, err := provider.ExactJSON(text)
	if err != nil {
		return cty.NilVal, fmt.Errorf("read a value: %w", err)
	}
	converted, err := convert.Convert(whole(v), ty)
	if err != nil {
		return cty.NilVal, fmt.Errorf("read a value: %w", err)
	}
	return converted, nil
}

// ResultToValue is JSONToValue for a result that an older version may have recorded: what it did not know of, within too, is unknown, and lacks
// names it. Null would be a value, such as that there was nothing before.
func ResultToValue(text json.RawMessage, ty cty.Type) (_ cty.Value, lacks []string, err error) {
	v, err := readJSON(text, ty, func(v cty.Value) cty.Value {
		if !lacking(v.Type(), ty) {
			return v
		}
		return filledUp(v, ty, "", func(name string) {
			if !slices.Contains(lacks, name) { // of each element of a list
				lacks = append(lacks, name)
			}
		})
	})
	if err != nil {
		return cty.NilVal, nil, err
	}
	return v, lacks, nil
}

// TypeBeside is the type of a value as cty writes it, where the JSON that [ValueToJSON] makes of it does not tell that by itself: it has a list, a set or
// a map in it. Nil: it has none.
func TypeBeside(v cty.Value) json.RawMessage {
	if isToldByJSON(v.Type()) {
		return nil
	}
	text, err := ctyjson.MarshalType(v.Type())
	if err != nil {
		return nil // a capsule, which no expression makes
	}
	return text
}

// TypeOf reads what [TypeBeside] wrote. What can't be read, as a secret was blanked in it, may be anything.
func TypeOf(text json.RawMessage) cty.Type {
	ty, err := ctyjson.UnmarshalType(text)
	if err != nil || HoldsBlank(text) {
		return cty.DynamicPseudoType
	}
	return ty
}

func isToldByJSON(ty cty.Type) bool {
	switch {
	case ty.IsObjectType():
		for _, attribute := range ty.AttributeTypes() {
			if !isToldByJSON(attribute) {
				return false
			}
		}
		return true
	case ty.IsTupleType():
		return !slices.ContainsFunc(ty.TupleElementTypes(), func(element cty.Type) bool { return !isToldByJSON(element) })
	}
	return !ty.IsCollectionType()
}

// lacking reports whether what was read of a JSON text has not all the attributes of a type.
func lacking(is, ty cty.Type) bool {
	switch {
	case ty.IsObjectType() && is.IsObjectType():
		for name, want := range ty.AttributeTypes() {
			if !is.HasAttribute(name) || lacking(is.AttributeType(name), want) {
				return true
			}
		}
	case ty.IsMapType() && is.IsObjectType():
		for _, element := range is.AttributeTypes() {
			if lacking(element, ty.ElementType()) {
				return true
			}
		}
	case (ty.IsListType() || ty.IsSetType()) && is.IsTupleType():
		return slices.ContainsFunc(is.TupleElementTypes(), func(element cty.Type) bool { return lacking(element, ty.ElementType()) })
	}
	return false
}

// filledUp adds to what was read of a JSON text the attributes that a type has beside those.
func filledUp(v cty.Value, ty cty.Type, at string, lack func(name string)) cty.Value {
	switch is := v.Type(); {
	case v.IsNull():
	case ty.IsObjectType() && is.IsObjectType():
		attrs := v.AsValueMap()
		if attrs == nil { // of an object without any
			attrs = map[string]cty.Value{}
		}
		for _, name := range slices.Sorted(maps.Keys(ty.AttributeTypes())) {
			inner := strings.TrimPrefix(at+"."+name, ".")
			if given, ok := attrs[name]; ok {
				attrs[name] = filledUp(given, ty.AttributeType(name), inner, lack)
				continue
			}
			attrs[name] = cty.UnknownVal(ty.AttributeType(name))
			lack(inner)
		}
		return cty.ObjectVal(attrs)
	case ty.IsMapType() && is.IsObjectType() && v.LengthInt() > 0:
		attrs := v.AsValueMap()
		for name, given := range attrs {
			attrs[name] = filledUp(given, ty.ElementType(), at, lack)
		}
		return cty.ObjectVal(attrs)
	case (ty.IsListType() || ty.IsSetType()) && is.IsTupleType() && v.LengthInt() > 0:
		items := v.AsValueSlice()
		for i, given := range items {
			items[i] = filledUp(given, ty.ElementType(), at, lack)
		}
		return cty.TupleVal(items)
	}
	return v
}

// Blank stands in the place of a sensitive value.
const Blank = sensitiveText

// HoldsBlank reports whether a JSON text holds the words that stand in the place of a sensitive value.
func HoldsBlank(text json.RawMessage) bool { return bytes.Contains(text, []byte(sensitiveText)) }

// IsBlank reports whether a sensitive value was blanked in a text, or the whole of it.
func IsBlank(text string) bool { return strings.Contains(text, sensitiveText) }
