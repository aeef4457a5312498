package lang

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// A value of an open type is what cty's own reader makes of its JSON.
func TestJSONToValueIsAsCtyReads(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `""`, `"a\u0301 <&>"`, `0`, `-1.5e3`, `1e400`, `123456789012345678901234567890.125`, `[]`, `{}`, `[1,"a",null,[true]]`,
		`{"a":{"b":[{"c":null},{"c":1}]},"é":2}`,
	} {
		ty, err := ctyjson.ImpliedType([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		want, err := ctyjson.Unmarshal([]byte(text), ty)
		if err != nil {
			t.Fatal(err)
		}
		got, err := JSONToValue([]byte(text), cty.DynamicPseudoType)
		if err != nil || !got.RawEquals(want) {
			t.Errorf("%s: %#v, %v; expected %#v", text, got, err, want)
		}
	}
	for _, text := range []string{`{`, `[1,`, `x`} {
		if v, err := JSONToValue([]byte(text), cty.DynamicPseudoType); err == nil {
			t.Errorf("%s: %#v, expected an error", text, v)
		}
	}
}
