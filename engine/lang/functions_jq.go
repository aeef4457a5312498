package lang

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/itchyny/gojq"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/e82355ed/runbook/engine/provider"
)

// jqFilters keeps compiled filters by their text, as a check evaluates the same one for each instance and poll.
type jqFilters struct {
	mu     sync.Mutex
	byText map[string]*gojq.Code
}

// jqTimeout bounds one filter: [repeat(1)] goes on for ever, and fills the memory meanwhile.
const jqTimeout = 2 * time.Second

// maxJQFilters bounds the cache: filters may be made of values.
const maxJQFilters = 1000

// CompileJQ checks a jq filter; the error says what is wrong.
func CompileJQ(filter string) error {
	_, err := compileJQ(filter)
	return err
}

func compileJQ(filter string) (*gojq.Code, error) {
	query, err := gojq.Parse(filter)
	if err != nil {
		return nil, fmt.Errorf("%q is not a jq filter: %w", filter, err)
	}
	query.FuncDefs = slices.Concat(jqNow(), query.FuncDefs)
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, fmt.Errorf("%q is not a jq filter: %w", filter, err)
	}
	return code, nil
}

// jqNow replaces jq's now, whose times no history would know.
var jqNow = sync.OnceValue(func() []*gojq.FuncDef {
	query, _ := gojq.Parse(`def now: error("a filter has no clock; give it the time with the value: jq({at = now(), v = …}, \".at | fromdate\")"); .`)
	return query.FuncDefs // the text is ours, and is a filter
})

func (f *jqFilters) get(filter string) (*gojq.Code, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if code := f.byText[filter]; code != nil {
		return code, nil
	}
	code, err := compileJQ(filter)
	if err != nil {
		return nil, err
	}
	if f.byText == nil || len(f.byText) >= maxJQFilters {
		f.byText = map[string]*gojq.Code{}
	}
	f.byText[filter] = code
	return code, nil
}

// jqFunction is jq(value, filter). Its result's type is known only with its value.
func jqFunction(timeout time.Duration) function.Function {
	filters := &jqFilters{}
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true},
			text("filter"),
		},
		Type: function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			code, err := filters.get(args[1].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(1, err)
			}
			if !args[0].IsWhollyKnown() {
				return cty.DynamicVal, nil
			}
			return runJQ(code, args[0], timeout)
		},
	})
}

func runJQ(code *gojq.Code, input cty.Value, timeout time.Duration) (cty.Value, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	outputs := code.RunWithContext(ctx, toJQ(input))
	first, ok := outputs.Next()
	if !ok {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	if err, failed := first.(error); failed {
		if errors.Is(err, context.DeadlineExceeded) {
			return cty.NilVal, function.NewArgErrorf(1, "the filter runs for longer than %s", timeout)
		}
		var halt *gojq.HaltError
		if errors.As(err, &halt) && halt.Value() == nil {
			return cty.NullVal(cty.DynamicPseudoType), nil
		}
		return cty.NilVal, err
	}
	if second, more := outputs.Next(); more {
		if err, failed := second.(error); failed {
			return cty.NilVal, err
		}
		return cty.NilVal, function.NewArgErrorf(1, "the filter gives several values; put it into [ ] to get a list of them")
	}
	return fromJQ(first), nil
}

// toJQ gives the Go form that jq works on: nil, bool, string, int, *big.Int, float64, []any, map[string]any.
func toJQ(v cty.Value) any {
	t := v.Type()
	switch {
	case v.IsNull():
		return nil
	case t == cty.String:
		return v.AsString()
	case t == cty.Bool:
		return v.True()
	case t == cty.Number:
		return numberToJQ(v.AsBigFloat())
	case t.IsObjectType() || t.IsMapType():
		out := make(map[string]any, v.LengthInt())
		for it := v.ElementIterator(); it.Next(); {
			k, item := it.Element()
			out[k.AsString()] = toJQ(item)
		}
		return out
	}
	out := make([]any, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		_, item := it.Element()
		out = append(out, toJQ(item))
	}
	return out
}

func numberToJQ(f *big.Float) any {
	if f.IsInt() {
		if n, accuracy := f.Int64(); accuracy == big.Exact && n >= math.MinInt && n <= math.MaxInt {
			return int(n)
		}
		n, _ := f.Int(nil)
		return n
	}
	n, _ := f.Float64()
	return n
}

// fromJQ converts what jq gave; big integers keep their digits.
func fromJQ(v any) cty.Value {
	switch v := v.(type) {
	case *big.Int:
		return cty.NumberVal(new(big.Float).SetInt(v))
	case []any:
		if len(v) == 0 {
			return cty.EmptyTupleVal
		}
		items := make([]cty.Value, len(v))
		for i, item := range v {
			items[i] = fromJQ(item)
		}
		return cty.TupleVal(items)
	case map[string]any:
		if len(v) == 0 {
			return cty.EmptyObjectVal
		}
		attrs := make(map[string]cty.Value, len(v))
		for k, item := range v {
			attrs[k] = fromJQ(item)
		}
		return cty.ObjectVal(attrs)
	}
	return provider.FromGo(v)
}
