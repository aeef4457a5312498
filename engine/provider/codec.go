package provider

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// codec turns one Go type into a language type and back.
type codec struct {
	typ    cty.Type
	fields *Object
	// decode sets the field from a known, non-null, unmarked value of typ.
	decode func(v cty.Value, field reflect.Value) error
	// encode makes a value of typ; warn reports what could not be represented.
	encode func(field reflect.Value, warn func(string)) cty.Value
}

func codecOf(t reflect.Type) codec {
	switch {
	case t == valueType:
		return dynamicCodec
	case t == timeType:
		return timeCodec
	case t == durationType:
		return durationCodec
	}
	switch t.Kind() {
	case reflect.String:
		return stringCodec
	case reflect.Bool:
		return boolCodec
	case reflect.Int, reflect.Int64, reflect.Int32:
		return intCodec
	case reflect.Float64:
		return floatCodec
	case reflect.Pointer:
		return pointerCodec(t)
	case reflect.Slice:
		return sliceCodec(t)
	case reflect.Map:
		return mapCodec(t)
	case reflect.Struct:
		return structCodec(t)
	}
	panic(fmt.Sprintf("provider: a field of type %s has no type in the language", t))
}

var dynamicCodec = codec{
	typ: cty.DynamicPseudoType,
	decode: func(v cty.Value, f reflect.Value) error {
		f.Set(reflect.ValueOf(v))
		return nil
	},
	encode: func(f reflect.Value, _ func(string)) cty.Value {
		v := f.Interface().(cty.Value)
		if v == cty.NilVal {
			return cty.NullVal(cty.DynamicPseudoType)
		}
		return v
	},
}

var timeCodec = codec{
	typ: cty.String,
	decode: func(v cty.Value, f reflect.Value) error {
		t, err := time.Parse(time.RFC3339Nano, v.AsString())
		if err != nil {
			return fmt.Errorf("%q is not an RFC 3339 time", v.AsString())
		}
		f.Set(reflect.ValueOf(t))
		return nil
	},
	encode: func(f reflect.Value, _ func(string)) cty.Value {
		t := f.Interface().(time.Time)
		if t.IsZero() {
			return cty.NullVal(cty.String)
		}
		return cty.StringVal(t.UTC().Format(time.RFC3339))
	},
}

var durationCodec = codec{
	typ: cty.String,
	decode: func(v cty.Value, f reflect.Value) error {
		d, err := ParseDuration(v.AsString())
		if err == nil {
			f.SetInt(int64(d))
		}
		return err
	},
	encode: func(f reflect.Value, _ func(string)) cty.Value {
		return cty.StringVal(time.Duration(f.Int()).String())
	},
}

var stringCodec = codec{
	typ:    cty.String,
	decode: func(v cty.Value, f reflect.Value) error { f.SetString(v.AsString()); return nil },
	encode: func(f reflect.Value, _ func(string)) cty.Value { return cty.StringVal(f.String()) },
}

var boolCodec = codec{
	typ:    cty.Bool,
	decode: func(v cty.Value, f reflect.Value) error { f.SetBool(v.True()); return nil },
	encode: func(f reflect.Value, _ func(string)) cty.Value { return cty.BoolVal(f.Bool()) },
}

var intCodec = codec{
	typ: cty.Number,
	decode: func(v cty.Value, f reflect.Value) error {
		n, accuracy := v.AsBigFloat().Int64()
		if accuracy != big.Exact || f.OverflowInt(n) {
			return fmt.Errorf("%s is not a whole number in range", v.AsBigFloat().Text('g', 10))
		}
		f.SetInt(n)
		return nil
	},
	encode: func(f reflect.Value, _ func(string)) cty.Value { return cty.NumberIntVal(f.Int()) },
}

var floatCodec = codec{
	typ: cty.Number,
	decode: func(v cty.Value, f reflect.Value) error {
		n, _ := v.AsBigFloat().Float64()
		f.SetFloat(n)
		return nil
	},
	encode: func(f reflect.Value, warn func(string)) cty.Value {
		n := f.Float()
		if math.IsNaN(n) || math.IsInf(n, 0) {
			warn(fmt.Sprintf("the service gave %v, which is null here", n))
			return cty.NullVal(cty.Number)
		}
		return cty.NumberFloatVal(n)
	},
}

func pointerCodec(t reflect.Type) codec {
	elem := codecOf(t.Elem())
	return codec{
		typ: elem.typ, fields: elem.fields,
		decode: func(v cty.Value, f reflect.Value) error {
			f.Set(reflect.New(t.Elem()))
			return elem.decode(v, f.Elem())
		},
		encode: func(f reflect.Value, warn func(string)) cty.Value {
			if f.IsNil() {
				return cty.NullVal(elem.typ)
			}
			return elem.encode(f.Elem(), warn)
		},
	}
}

func sliceCodec(t reflect.Type) codec {
	elem := codecOf(t.Elem())
	if elem.typ == cty.DynamicPseudoType {
		panic("provider: a list of any is a cty.Value, so that its elements may differ")
	}
	return codec{
		typ: cty.List(elem.typ), fields: elem.fields,
		decode: func(v cty.Value, f reflect.Value) error {
			out := reflect.MakeSlice(t, 0, v.LengthInt())
			for it := v.ElementIterator(); it.Next(); {
				_, ev := it.Element()
				item := reflect.New(t.Elem()).Elem()
				if ev.IsNull() {
					return fmt.Errorf("element %d is null", out.Len())
				}
				if err := elem.decode(ev, item); err != nil {
					return fmt.Errorf("element %d: %w", out.Len(), err)
				}
				out = reflect.Append(out, item)
			}
			f.Set(out)
			return nil
		},
		encode: func(f reflect.Value, warn func(string)) cty.Value {
			if f.Len() == 0 {
				return cty.ListValEmpty(elem.typ)
			}
			values := make([]cty.Value, f.Len())
			for i := range values {
				values[i] = elem.encode(f.Index(i), warn)
			}
			return cty.ListVal(values)
		},
	}
}

func mapCodec(t reflect.Type) codec {
	elem := codecOf(t.Elem())
	if t.Key().Kind() != reflect.String || elem.typ == cty.DynamicPseudoType {
		panic(fmt.Sprintf("provider: %s is not a map from string to one type; use a cty.Value", t))
	}
	return codec{
		typ: cty.Map(elem.typ), fields: elem.fields,
		decode: func(v cty.Value, f reflect.Value) error {
			out := reflect.MakeMapWithSize(t, v.LengthInt())
			for it := v.ElementIterator(); it.Next(); {
				k, ev := it.Element()
				item := reflect.New(t.Elem()).Elem()
				if ev.IsNull() {
					return fmt.Errorf("element %q is null", k.AsString())
				}
				if err := elem.decode(ev, item); err != nil {
					return fmt.Errorf("element %q: %w", k.AsString(), err)
				}
				out.SetMapIndex(reflect.ValueOf(k.AsString()).Convert(t.Key()), item)
			}
			f.Set(out)
			return nil
		},
		encode: func(f reflect.Value, warn func(string)) cty.Value {
			if f.Len() == 0 {
				return cty.MapValEmpty(elem.typ)
			}
			values := make(map[string]cty.Value, f.Len())
			for it := f.MapRange(); it.Next(); {
				values[it.Key().String()] = elem.encode(it.Value(), warn)
			}
			return cty.MapVal(values)
		},
	}
}

func structCodec(t reflect.Type) codec {
	o := objectFor(t)
	return codec{
		typ: o.typ, fields: o,
		decode: func(v cty.Value, f reflect.Value) error { return o.decodeInto(v, f, nil) },
		encode: o.encodeFrom,
	}
}

// Decode fills the struct that into points to from an object of the schema's type. Marks are dropped: what is
// sensitive is the provider's to keep out of its errors. An unknown value is an error.
func (o *Object) Decode(v cty.Value, into any) error {
	unmarked, _ := v.UnmarkDeep()
	return o.decodeInto(unmarked, reflect.ValueOf(into).Elem(), nil)
}

// decodeKnown decodes what is known; the rest keeps its default.
func (o *Object) decodeKnown(v cty.Value, into any) (Known, error) {
	unmarked, _ := v.UnmarkDeep()
	unknown := map[string]bool{}
	err := o.decodeInto(unmarked, reflect.ValueOf(into).Elem(), unknown)
	return func(name string) bool { return !unknown[name] }, err
}

// decodeInto notes unknown attributes in unknown, or fails on them where it is nil.
func (o *Object) decodeInto(v cty.Value, target reflect.Value, unknown map[string]bool) error {
	known := v.IsKnown() && !v.IsNull()
	for i := range o.Attributes {
		a := &o.Attributes[i]
		value := cty.UnknownVal(a.Type)
		if known {
			value = v.GetAttr(a.Name)
		}
		if !value.IsWhollyKnown() {
			if unknown == nil {
				return fmt.Errorf("%s is not known yet", a.Name)
			}
			unknown[a.Name] = true
			value = cty.NullVal(a.Type)
		}
		if value.IsNull() {
			if a.Required && unknown == nil {
				return fmt.Errorf("%s is required and is null", a.Name)
			}
			value = a.fallback
		}
		if value.IsNull() {
			continue
		}
		if err := a.codec.decode(value, target.Field(a.index)); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	return nil
}

// Encode makes an object of the schema's type from a pointer to the struct; sensitive attributes are marked. The
// strings are warnings about numbers that the language can't hold.
func (o *Object) Encode(from any) (cty.Value, []string, error) {
	v := reflect.ValueOf(from)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return cty.NilVal, nil, fmt.Errorf("the provider gave no result")
	}
	var warnings []string
	out := o.encodeFrom(v.Elem(), func(w string) { warnings = append(warnings, w) })
	return out, warnings, nil
}

func (o *Object) encodeFrom(v reflect.Value, warn func(string)) cty.Value {
	values := make(map[string]cty.Value, len(o.Attributes))
	for i := range o.Attributes {
		a := &o.Attributes[i]
		value := a.codec.encode(v.Field(a.index), func(w string) { warn(a.Name + ": " + w) })
		if a.Sensitive {
			value = value.Mark(Sensitive)
		}
		values[a.Name] = value
	}
	return cty.ObjectVal(values)
}

func parseDefault(text string, t cty.Type) cty.Value {
	v := cty.StringVal(text)
	if t.IsPrimitiveType() {
		converted, err := convert.Convert(v, t)
		if err != nil {
			panic(fmt.Sprintf("provider: default %q is not a %s", text, t.FriendlyName()))
		}
		return converted
	}
	if t.IsListType() && t.ElementType().IsPrimitiveType() {
		return parseDefaultList(text, t)
	}
	panic(fmt.Sprintf("provider: a default for %s can't be written in a tag", t.FriendlyName()))
}
