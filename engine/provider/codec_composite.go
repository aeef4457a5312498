package provider

import (
	"fmt"
	"reflect"

	"github.com/zclconf/go-cty/cty"
)

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
	if elem.typ.HasDynamicTypes() {
		panic(fmt.Sprintf("provider: %s holds any in its elements; use a cty.Value, so that they may differ", t))
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
	if t.Key().Kind() != reflect.String || elem.typ.HasDynamicTypes() {
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
