package providertest

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// texts collects everything that a person may get to see of an outcome, by where it stands.
func texts(o outcome) map[string]string {
	seen := map[string]string{"log": o.log}
	if o.err != nil {
		seen["error"] = o.err.Error() + fmt.Sprintf("%+v", o.err)
	}
	if r := o.result; r != nil {
		seen["summary"] = r.Summary
		seen["warnings"] = strings.Join(r.Warnings, "\n")
		if r.Failure != nil {
			seen["failure"] = r.Failure.Message + "\n" + r.Failure.Detail
		}
		if r.Value != cty.NilVal {
			seen["result"] = show(withoutSensitive(r.Value))
		}
	}
	return seen
}

// withoutSensitive replaces marked values by null: they are never shown.
func withoutSensitive(v cty.Value) cty.Value {
	out, err := cty.Transform(v, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		if v.HasMark(provider.Sensitive) {
			return cty.NullVal(cty.DynamicPseudoType), nil
		}
		return v, nil
	})
	if err != nil {
		return v
	}
	return out
}

// leaks lists where a secret can be read.
func leaks(secrets []string, seen map[string]string) []string {
	var problems []string
	for where, text := range seen {
		for i, secret := range secrets {
			if secret != "" && strings.Contains(text, secret) {
				problems = append(problems, fmt.Sprintf("secret %d of the suite appears in the %s", i, where))
			}
		}
	}
	return problems
}
