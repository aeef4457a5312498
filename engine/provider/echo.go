package provider

import "github.com/zclconf/go-cty/cty"

// markEchoes marks the attributes of an object that tell what sensitive arguments held.
func (o *Object) markEchoes(v cty.Value) cty.Value {
	v, marks := v.Unmark()
	if v.IsNull() || !v.IsKnown() {
		return v.WithMarks(marks)
	}
	values := make(map[string]cty.Value, len(o.Attributes))
	for i := range o.Attributes {
		a := &o.Attributes[i]
		value := v.GetAttr(a.Name)
		switch {
		case a.Echo:
			value = value.Mark(Sensitive)
		case a.Fields != nil && a.Fields.echoes:
			value = a.Fields.markEchoesIn(value)
		}
		values[a.Name] = value
	}
	return cty.ObjectVal(values).WithMarks(marks)
}

// markEchoesIn does the same in an object, or in each of a list or map of them.
func (o *Object) markEchoesIn(v cty.Value) cty.Value {
	plain, marks := v.Unmark()
	switch ty := plain.Type(); {
	case plain.IsNull() || !plain.IsKnown() || ty.IsCollectionType() && plain.LengthInt() == 0:
		return v
	case ty.IsListType():
		items := plain.AsValueSlice()
		for i := range items {
			items[i] = o.markEchoes(items[i])
		}
		return cty.ListVal(items).WithMarks(marks)
	case ty.IsMapType():
		items := plain.AsValueMap()
		for k := range items {
			items[k] = o.markEchoes(items[k])
		}
		return cty.MapVal(items).WithMarks(marks)
	}
	return o.markEchoes(v)
}
