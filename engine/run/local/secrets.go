package local

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TellSecrets tells every sensitive string and number in a value.
func TellSecrets(v cty.Value, tell func(string)) {
	if tell == nil || v.Type().IsPrimitiveType() && !v.IsMarked() || !v.ContainsMarked() {
		return
	}
	_, marked := v.UnmarkDeepWithPaths()
	plain, _ := v.UnmarkDeep()
	for _, at := range marked {
		if _, ok := at.Marks[provider.Sensitive]; !ok {
			continue
		}
		part, err := at.Path.Apply(plain)
		if err != nil {
			continue // a path into a set: the set as a whole is marked then
		}
		tellStrings(part, tell)
	}
}

func tellStrings(v cty.Value, tell func(string)) {
	if v.IsNull() || !v.IsKnown() {
		return
	}
	if v.Type() == cty.String {
		tell(v.AsString())
		return
	}
	if v.Type() == cty.Number { // a PIN
		tell(v.AsBigFloat().Text('f', -1))
		return
	}
	if v.CanIterateElements() {
		for it := v.ElementIterator(); it.Next(); {
			_, item := it.Element()
			tellStrings(item, tell)
		}
	}
}

// tellResult tells the secrets of a result. Only what its schema calls sensitive, or leaves open, can hold one.
func tellResult(schema *provider.Object, result cty.Value, tell func(string)) {
	for i := range schema.Attributes {
		a := &schema.Attributes[i]
		if !result.Type().HasAttribute(a.Name) { // of a write that counts as done, a part is known
			continue
		}
		if a.Sensitive || a.Type == cty.DynamicPseudoType || a.Fields != nil && a.Fields.Sensitive() {
			TellSecrets(result.GetAttr(a.Name), tell)
		}
	}
}
