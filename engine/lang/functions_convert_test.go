package lang

import (
	"strconv"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// The short way gives what cty's own way gives.
func TestToCollectionIsAsGeneral(t *testing.T) {
	short := map[string]function.Function{
		"tolist": toCollection(cty.List(cty.DynamicPseudoType), cty.ListVal), "toset": toCollection(cty.Set(cty.DynamicPseudoType), cty.SetVal),
	}
	general := map[string]function.Function{
		"tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), "toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
	}
	a, b, one := cty.StringVal("a"), cty.StringVal("b"), cty.NumberIntVal(1)
	values := map[string]cty.Value{
		"strings": cty.TupleVal([]cty.Value{a, b, a}), "numbers": cty.TupleVal([]cty.Value{one, cty.Zero}), "bools": cty.TupleVal([]cty.Value{cty.True}),
		"mixed": cty.TupleVal([]cty.Value{a, one}), "empty": cty.EmptyTupleVal, "with a null": cty.TupleVal([]cty.Value{a, cty.NullVal(cty.String)}),
		"with an unknown": cty.TupleVal([]cty.Value{a, cty.UnknownVal(cty.String)}), "with anything": cty.TupleVal([]cty.Value{a, cty.DynamicVal}),
		"with a mark": cty.TupleVal([]cty.Value{a, b.Mark("secret")}), "objects": cty.TupleVal([]cty.Value{cty.EmptyObjectVal, cty.EmptyObjectVal}),
		"null": cty.NullVal(cty.Tuple([]cty.Type{cty.String})), "unknown": cty.UnknownVal(cty.Tuple([]cty.Type{cty.String})),
		"a list": cty.ListVal([]cty.Value{a, b}), "a string": a,
	}
	for name := range short {
		for kind, v := range values {
			got, gotErr := short[name].Call([]cty.Value{v})
			want, wantErr := general[name].Call([]cty.Value{v})
			if (gotErr == nil) != (wantErr == nil) || gotErr != nil && gotErr.Error() != wantErr.Error() {
				t.Errorf("%s of %s: error %v, expected %v", name, kind, gotErr, wantErr)
			}
			if gotErr == nil && !got.RawEquals(want) {
				t.Errorf("%s of %s: %#v, expected %#v", name, kind, got, want)
			}
		}
	}
}

func BenchmarkToSet(b *testing.B) {
	items := make([]cty.Value, 10_000)
	for i := range items {
		items[i] = cty.StringVal(strconv.Itoa(i))
	}
	toSet, tuple := toCollection(cty.Set(cty.DynamicPseudoType), cty.SetVal), []cty.Value{cty.TupleVal(items)}
	for b.Loop() {
		if _, err := toSet.Call(tuple); err != nil {
			b.Fatal(err)
		}
	}
}
