package provider

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"time"

	"github.com/zclconf/go-cty/cty"
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
	switch t {
	case valueType:
		return dynamicCodec
	case timeType:
		return timeCodec
	case durationType:
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
