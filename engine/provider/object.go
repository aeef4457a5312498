package provider

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Decode fills the struct that into points to from an object of the schema's type. Marks are dropped: what is
// sensitive is the provider's to keep out of its errors. An unknown value is an error.
func (o *Object) Decode(v cty.Value, into any) error {
	return o.decodeInto(v, reflect.ValueOf(into).Elem(), nil)
}

// decodeKnown decodes what is known; the rest keeps its default, unless it is known partly and tells that. A value of any type that does
// is as it is, with what is not known in it.
func (o *Object) decodeKnown(v cty.Value, into any) (Known, error) {
	unknown := map[string]bool{}
	err := o.decodeInto(v, reflect.ValueOf(into).Elem(), unknown)
	return func(name string) bool { return !unknown[name] }, err
}

// decodeInto notes unknown attributes in unknown, or fails on them where it is nil.
func (o *Object) decodeInto(v cty.Value, target reflect.Value, unknown map[string]bool) error {
	v, _ = v.Unmark()
	known := v.IsKnown() && !v.IsNull()
	for i := range o.Attributes {
		a := &o.Attributes[i]
		value := cty.UnknownVal(a.Type)
		if known {
			if value = v.GetAttr(a.Name); a.Public != "" && unknown == nil && IsSensitive(value) {
				return fmt.Errorf("%s holds a sensitive value: %s", a.Name, a.Public)
			}
			value = bare(value)
		}
		if !value.IsWhollyKnown() {
			if unknown == nil {
				return fmt.Errorf("%s is not known yet", a.Name)
			}
			unknown[a.Name] = true
			switch {
			case !a.Partly:
				value = cty.NullVal(a.Type)
			case a.Type != cty.DynamicPseudoType:
				value = knownPart(value, a.Name, unknown)
			}
		}
		if value.IsNull() {
			if a.Required && unknown == nil {
				return fmt.Errorf("%s is required and is null", a.Name)
			}
			value = a.OrDefault(value)
		}
		if value.IsNull() {
			continue
		}
		if err := a.decode(value, target.Field(a.index)); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	return nil
}

// knownPart is what is known of a value without marks: of a text its beginning, of a list its elements so, of which those are noted in
// unknown by their places that are not wholly known; null: nothing.
func knownPart(v cty.Value, name string, unknown map[string]bool) cty.Value {
	switch {
	case v.Type() == cty.String && !v.IsKnown():
		return cty.StringVal(v.Range().StringPrefix())
	case v.Type().IsListType() && v.IsKnown():
		var items []cty.Value
		for i, item := range v.AsValueSlice() {
			if place := fmt.Sprintf("%s[%d]", name, i); !item.IsKnown() {
				unknown[place] = true
				item = knownPart(item, place, unknown)
			}
			items = append(items, item)
		}
		return cty.ListVal(items)
	}
	return cty.NullVal(v.Type())
}

// IsSensitive reports whether the value, or anything in it, is marked sensitive.
func IsSensitive(v cty.Value) bool {
	if !v.ContainsMarked() {
		return false
	}
	_, paths := v.UnmarkDeepWithPaths()
	for _, p := range paths {
		if _, ok := p.Marks[Sensitive]; ok {
			return true
		}
	}
	return false
}

// bare drops the marks. Most values are primitive, for which that costs nothing.
func bare(v cty.Value) cty.Value {
	if v.Type().IsPrimitiveType() {
		v, _ = v.Unmark()
		return v
	}
	v, _ = v.UnmarkDeep()
	return v
}

// decode sets a field to a known, non-null value without marks.
func (a *Attribute) decode(v cty.Value, field reflect.Value) error {
	if err := a.permitted(v); err != nil {
		return err
	}
	return a.codec.decode(v, field)
}

// permitted compares a string with the values that the declaration lists.
func (a *Attribute) permitted(v cty.Value) error {
	if len(a.OneOf) == 0 || v.Type() != cty.String || slices.Contains(a.OneOf, v.AsString()) {
		return nil
	}
	return fmt.Errorf("%q is not one of %s", v.AsString(), strings.Join(a.OneOf, ", "))
}

// Encode makes an object of the schema's type from a pointer to the struct; sensitive attributes are marked. The
// strings are warnings about numbers that the language can't hold.
func (o *Object) Encode(from any) (cty.Value, []string, error) {
	v := reflect.ValueOf(from)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return cty.NilVal, nil, fmt.Errorf("the provider gave no result")
	}
	var warnings repeated
	out := o.encodeFrom(v.Elem(), warnings.add)
	return out, warnings.lines(), nil
}

// repeated collects warnings, each once: a range of values may be NaN a thousand times.
type repeated struct {
	order []string
	times map[string]int
}

func (r *repeated) add(text string) {
	if r.times == nil {
		r.times = map[string]int{}
	}
	if r.times[text]++; r.times[text] == 1 {
		r.order = append(r.order, text)
	}
}

func (r *repeated) lines() []string {
	for i, text := range r.order {
		if n := r.times[text]; n > 1 {
			r.order[i] = fmt.Sprintf("%s (%d times)", text, n)
		}
	}
	return r.order
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
