package lang

import (
	"errors"
	"math/big"
	"sort"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func numberFunctions(table map[string]function.Function) {
	table["sum"] = aggregate("sum", func(list []cty.Value) cty.Value { return total(list) })
	table["avg"] = aggregate("avg", func(list []cty.Value) cty.Value {
		return total(list).Divide(cty.NumberIntVal(int64(len(list))))
	})
	table["median"] = aggregate("median", func(list []cty.Value) cty.Value {
		return quantile(list, big.NewFloat(50))
	})
	table["percentile"] = percentileFunction()
}

// finite makes an error of results that are no numbers: the language has no infinity.
func finite(f function.Function) function.Function {
	return function.New(&function.Spec{
		Params: f.Params(), VarParam: f.VarParam(),
		Type: function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := f.Call(args)
			// cty panics on what is not a number, which its Call turns into an error that shows a stack.
			var panicked function.PanicError
			if errors.As(err, &panicked) || err == nil && v.IsKnown() && !v.IsNull() && v.AsBigFloat().IsInf() {
				return cty.NilVal, errors.New("the result is not a finite number")
			}
			return v, err
		},
	})
}

// aggregate makes a function of a list of numbers that is not empty.
func aggregate(name string, f func(list []cty.Value) cty.Value) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type:         function.StaticReturnType(cty.Number),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			list, known, err := numbers(args[0], name)
			if err != nil || !known {
				return cty.UnknownVal(cty.Number), err
			}
			return f(list), nil
		},
	})
}

// numbers reads a list, set or tuple of numbers; known is false where an element is not known yet.
func numbers(v cty.Value, name string) (list []cty.Value, known bool, err error) {
	if t := v.Type(); !t.IsListType() && !t.IsSetType() && !t.IsTupleType() {
		return nil, false, function.NewArgErrorf(0, "a list of numbers is needed")
	}
	if !v.IsWhollyKnown() {
		return nil, false, nil
	}
	for it := v.ElementIterator(); it.Next(); {
		_, item := it.Element()
		switch {
		case item.IsNull():
			return nil, false, function.NewArgErrorf(0, "its element %d is null, which is no number", len(list))
		case item.Type() != cty.Number:
			return nil, false, function.NewArgErrorf(0, "its element %d is a %s, not a number", len(list), item.Type().FriendlyName())
		}
		list = append(list, item)
	}
	if len(list) == 0 {
		return nil, false, function.NewArgErrorf(0, "the list is empty, so it has no %s", name)
	}
	return list, true, nil
}

func total(list []cty.Value) cty.Value {
	sum := cty.Zero
	for _, v := range list {
		sum = sum.Add(v)
	}
	return sum
}

// percentileFunction is percentile(list, p), p from 0 to 100, linear between the two nearest elements.
func percentileFunction() function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}, number("p")},
		Type:         function.StaticReturnType(cty.Number),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			list, known, err := numbers(args[0], "percentile")
			if err != nil || !known {
				return cty.UnknownVal(cty.Number), err
			}
			p := args[1].AsBigFloat()
			if p.Sign() < 0 || p.Cmp(big.NewFloat(100)) > 0 {
				return cty.NilVal, function.NewArgErrorf(1, "p is %s; it goes from 0 to 100", p.Text('g', 10))
			}
			return quantile(list, p), nil
		},
	})
}

// quantile is exact: rank = p/100 × (n-1), and between the neighbours of a rank that is no whole number, its share.
func quantile(list []cty.Value, p *big.Float) cty.Value {
	sorted := append([]cty.Value(nil), list...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].AsBigFloat().Cmp(sorted[j].AsBigFloat()) < 0 })
	rank := cty.NumberVal(p).Multiply(cty.NumberIntVal(int64(len(sorted) - 1))).Divide(cty.NumberIntVal(100))
	below, _ := rank.AsBigFloat().Int64()
	if int(below) >= len(sorted)-1 {
		return sorted[len(sorted)-1]
	}
	share := rank.Subtract(cty.NumberIntVal(below))
	low, high := sorted[below], sorted[below+1]
	return low.Add(high.Subtract(low).Multiply(share))
}
