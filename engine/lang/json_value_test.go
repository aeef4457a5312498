package lang

import (
	"math/big"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/provider"
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

// A number is read back to the last digit that was written: what a database held is given back from it.
func TestNumbersAreKeptToTheLastDigit(t *testing.T) {
	for _, text := range []string{
		"1234567890123456.78", "12345678901234567890.123", "-12345678901234567890.5", "0.1", "0.1000000000000000055511151231257827021181583404541015625",
		"1.5e-400", "1." + strings.Repeat("123456789", 40), strings.Repeat("987654321", 60) + ".5", "9007199254740993", "1e400", "0.00000012345678901234567890123",
	} {
		want, _, err := big.ParseFloat(text, 10, 4000, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		f, err := provider.ParseNumber(text)
		if err != nil {
			t.Fatal(err)
		}
		v := cty.TupleVal([]cty.Value{cty.NumberVal(f)})
		for range 2 { // over two sessions
			if v, err = JSONToValue(ValueToJSON(v), cty.DynamicPseudoType); err != nil {
				t.Fatal(err)
			}
		}
		got := v.Index(cty.Zero).AsBigFloat().Text('f', -1)
		if again, _, err := big.ParseFloat(got, 10, 4000, big.ToNearestEven); err != nil || again.Cmp(want) != 0 {
			t.Errorf("%s came back as %s", text, got)
		}
	}
}
