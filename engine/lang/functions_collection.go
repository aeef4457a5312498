package lang

import (
	"errors"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// collectionFunctions are those where Terraform means something else than cty does, or which cty does not have.
func collectionFunctions(table map[string]function.Function) {
	table["alltrue"] = quantifier(cty.True)
	table["anytrue"] = quantifier(cty.False)
	table["coalesce"] = coalesceFunction()
	table["index"] = indexFunction()
	table["length"] = lengthFunction()
	table["lookup"] = lookupFunction()
	table["matchkeys"] = matchkeysFunction()
	table["one"] = oneFunction()
	table["transpose"] = transposeFunction()
}

// quantifier makes alltrue (of an empty list: true) and anytrue (false). An element that settles the matter does so
// whatever is unknown beside it. A null counts as false.
func quantifier(ofEmpty cty.Value) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:         function.StaticReturnType(cty.Bool),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			result := ofEmpty
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				switch {
				case !v.IsKnown():
					result = cty.UnknownVal(cty.Bool)
				case (!v.IsNull() && v.True()) != ofEmpty.True():
					return ofEmpty.Not(), nil
				}
			}
			return result, nil
		},
	})
}

func notNull(b *cty.RefinementBuilder) *cty.RefinementBuilder { return b.NotNull() }

// coalesceFunction gives the first argument that is neither null nor an empty string.
func coalesceFunction() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{
			Name: "values", Type: cty.DynamicPseudoType,
			AllowUnknown: true, AllowDynamicType: true, AllowNull: true, AllowMarked: true,
		},
		Type: func(args []cty.Value) (cty.Type, error) {
			types := make([]cty.Type, len(args))
			for i, v := range args {
				types[i] = v.Type()
			}
			t, _ := convert.UnifyUnsafe(types)
			if t == cty.NilType {
				return cty.NilType, errors.New("all arguments must have the same type")
			}
			return t, nil
		},
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
			// That an argument was passed over tells that it is empty, so its marks count too.
			seen := cty.NewValueMarks()
			for _, marked := range args {
				marked, err := convert.Convert(marked.WithMarks(seen), t)
				if err != nil {
					return cty.NilVal, err
				}
				v, marks := marked.Unmark()
				seen = marks
				if !v.IsKnown() {
					return cty.UnknownVal(t).WithMarks(marks), nil
				}
				if v.IsNull() || v.Type() == cty.String && v.AsString() == "" {
					continue
				}
				return marked, nil
			}
			return cty.NilVal, errors.New("no argument is other than null or an empty string")
		},
	})
}

func indexFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "list", Type: cty.DynamicPseudoType},
			{Name: "value", Type: cty.DynamicPseudoType},
		},
		Type: function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if t := args[0].Type(); !t.IsListType() && !t.IsTupleType() {
				return cty.NilVal, function.NewArgErrorf(0, "a list or a tuple is needed")
			}
			for it := args[0].ElementIterator(); it.Next(); {
				i, v := it.Element()
				equal, err := stdlib.Equal(v, args[1])
				if err != nil {
					return cty.NilVal, err
				}
				if !equal.IsKnown() {
					return cty.UnknownVal(cty.Number), nil
				}
				if equal.True() {
					return i, nil
				}
			}
			return cty.NilVal, errors.New("the list does not hold this value")
		},
	})
}

func lengthFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{
			Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowUnknown: true, AllowMarked: true,
		}},
		Type: func(args []cty.Value) (cty.Type, error) {
			t := args[0].Type()
			if t == cty.String || t == cty.DynamicPseudoType || t.IsTupleType() || t.IsObjectType() || t.IsCollectionType() {
				return cty.Number, nil
			}
			return cty.Number, function.NewArgErrorf(0, "a string, list, map, tuple or object is needed")
		},
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			t := v.Type()
			var n cty.Value
			switch {
			case t == cty.DynamicPseudoType:
				n = cty.UnknownVal(cty.Number)
			case t.IsTupleType():
				n = cty.NumberIntVal(int64(len(t.TupleElementTypes())))
			case t.IsObjectType():
				n = cty.NumberIntVal(int64(len(t.AttributeTypes())))
			case t == cty.String:
				var err error
				if n, err = stdlib.Strlen(v); err != nil {
					return cty.NilVal, err
				}
			default:
				n = v.Length()
			}
			return n.WithMarks(marks), nil
		},
	})
}

// lookupFunction gives a map's or an object's element, else the default where one is given.
func lookupFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "map", Type: cty.DynamicPseudoType, AllowMarked: true},
			{Name: "key", Type: cty.String, AllowMarked: true},
		},
		VarParam: &function.Parameter{
			Name: "default", Type: cty.DynamicPseudoType,
			AllowUnknown: true, AllowDynamicType: true, AllowNull: true, AllowMarked: true,
		},
		Type: lookupType,
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
			m, mapMarks := args[0].Unmark()
			k, keyMarks := args[1].Unmark()
			if has := hasKey(m, k.AsString()); has {
				if m.Type().IsObjectType() {
					return m.GetAttr(k.AsString()).WithMarks(mapMarks, keyMarks), nil
				}
				return m.Index(k).WithMarks(mapMarks, keyMarks), nil
			}
			if !m.IsKnown() {
				return cty.UnknownVal(t).WithMarks(mapMarks, keyMarks), nil
			}
			if len(args) == 3 {
				fallback, err := convert.Convert(args[2], t)
				if err != nil {
					return cty.NilVal, function.NewArgErrorf(2, "the default does not fit the map's elements: %w", err)
				}
				return fallback.WithMarks(mapMarks, keyMarks), nil
			}
			return cty.NilVal, function.NewArgErrorf(1, "there is no key %q, and no default is given", k.AsString())
		},
	})
}

func lookupType(args []cty.Value) (cty.Type, error) {
	if len(args) > 3 {
		return cty.NilType, errors.New("lookup takes a map, a key and at most one default")
	}
	t := args[0].Type()
	switch {
	case t.IsMapType():
		return t.ElementType(), nil
	case !t.IsObjectType():
		return cty.NilType, function.NewArgErrorf(0, "a map or an object is needed")
	case !args[1].IsKnown():
		return cty.DynamicPseudoType, nil
	}
	key, _ := args[1].Unmark()
	if t.HasAttribute(key.AsString()) {
		return t.AttributeType(key.AsString()), nil
	}
	if len(args) == 3 {
		return args[2].Type(), nil
	}
	return cty.DynamicPseudoType, nil
}

func hasKey(m cty.Value, key string) bool {
	if m.Type().IsObjectType() {
		return m.Type().HasAttribute(key)
	}
	return m.IsKnown() && m.HasIndex(cty.StringVal(key)).True()
}
