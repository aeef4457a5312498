package lang

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/e82355ed/runbook/engine/provider"
)

func unitFunctions(table map[string]function.Function) {
	table["duration"] = numberOfText("duration", func(s string) (cty.Value, error) {
		d, err := provider.ParseDuration(s)
		if err != nil {
			return cty.NilVal, err
		}
		return cty.NumberIntVal(int64(d)).Divide(cty.NumberIntVal(int64(time.Second))), nil
	})
	table["bytes"] = numberOfText("size", parseBytes)
	table["timecmp"] = function.New(&function.Spec{
		Params:       []function.Parameter{text("timestamp_a"), text("timestamp_b")},
		Type:         function.StaticReturnType(cty.Number),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			var times [2]time.Time
			for i, arg := range args {
				t, err := time.Parse(time.RFC3339, arg.AsString())
				if err != nil {
					return cty.NilVal, function.NewArgErrorf(i, "%q is not an RFC 3339 time", arg.AsString())
				}
				times[i] = t
			}
			return cty.NumberIntVal(int64(times[0].Compare(times[1]))), nil
		},
	})
}

func numberOfText(param string, f func(string) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{text(param)},
		Type:         function.StaticReturnType(cty.Number),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := f(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return v, nil
		},
	})
}

// parseBytes reads "25GiB", "1.5 GB", "128Mi" (as Kubernetes writes it), "512".
func parseBytes(s string) (cty.Value, error) {
	bad := fmt.Errorf("%q is not a size; write a number and a unit, such as \"512MiB\" or \"25GB\"", s)
	trimmed := strings.TrimSpace(s)
	digits := strings.TrimRight(trimmed, "BbIiKkMmGgTtPpEe ")
	unit := strings.TrimSpace(trimmed[len(digits):])
	if digits == "" || strings.Trim(digits, "0123456789.") != "" {
		return cty.NilVal, bad
	}
	n, err := cty.ParseNumberVal(digits)
	if err != nil {
		return cty.NilVal, bad
	}
	letter := strings.TrimSuffix(unit, "B")
	base := int64(1000)
	if l, binary := strings.CutSuffix(letter, "i"); binary {
		letter, base = l, 1024
	}
	power := 0
	if letter != "" {
		power = strings.Index("kmgtpe", strings.ToLower(letter)) + 1
		if power == 0 || len(letter) != 1 {
			return cty.NilVal, bad
		}
	} else if base == 1024 {
		return cty.NilVal, bad
	}
	scale := new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(power)), nil)
	return n.Multiply(cty.NumberVal(new(big.Float).SetInt(scale))), nil
}
