package builtin

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
)

// TestResultsOfOlderVersions: of each action's result as it is recorded, each attribute may be missing, at any depth, as it is in what a
// version before it recorded. It is unknown then, and nothing else is.
func TestResultsOfOlderVersions(t *testing.T) {
	t.Parallel()
	for _, p := range Registry().Providers() {
		for _, a := range p.Actions {
			spec := a.Spec()
			ty := spec.Results().Type()
			text := lang.ValueToJSON(sampleOf(ty))
			if whole, lacks, err := lang.ResultToValue(text, ty); err != nil || lacks != nil || !whole.IsWhollyKnown() {
				t.Errorf("%s: %#v lacks %q, %v", spec.Name, whole, lacks, err)
			}
			for _, at := range attributesOf(ty, nil) {
				var tree any
				if err := json.Unmarshal(text, &tree); err != nil {
					t.Fatal(err)
				}
				older, err := json.Marshal(cut(tree, at))
				if err != nil {
					t.Fatal(err)
				}
				name := spec.Name + " without " + strings.Join(at, ".")
				v, lacks, err := lang.ResultToValue(older, ty)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if !slices.Equal(lacks, []string{strings.Join(at, ".")}) {
					t.Errorf("%s: it lacks %q", name, lacks)
				}
				if v.IsWhollyKnown() {
					t.Errorf("%s: it is taken for known: %#v", name, v)
				}
				var rest any
				if err := json.Unmarshal(lang.ValueToJSON(v), &rest); err != nil {
					t.Fatal(err)
				}
				if again, err := json.Marshal(cut(rest, at)); err != nil || string(again) != string(older) {
					t.Errorf("%s: the rest is %s, expected %s, %v", name, again, older, err)
				}
			}
		}
	}
}

// sampleOf is a value of a type of which all is there: two of each list, one of each map.
func sampleOf(ty cty.Type) cty.Value {
	switch {
	case ty == cty.Number:
		return cty.NumberIntVal(7)
	case ty == cty.Bool:
		return cty.True
	case ty.IsListType():
		return cty.ListVal([]cty.Value{sampleOf(ty.ElementType()), sampleOf(ty.ElementType())})
	case ty.IsSetType():
		return cty.SetVal([]cty.Value{sampleOf(ty.ElementType())})
	case ty.IsMapType():
		return cty.MapVal(map[string]cty.Value{"k": sampleOf(ty.ElementType())})
	case ty.IsObjectType():
		attrs := map[string]cty.Value{}
		for name, inner := range ty.AttributeTypes() {
			attrs[name] = sampleOf(inner)
		}
		return cty.ObjectVal(attrs)
	}
	return cty.StringVal("s")
}

// cut takes an attribute out of a JSON tree, in each element of a list or a map on the way to it.
func cut(tree any, at []string) any {
	switch tree := tree.(type) {
	case []any:
		for i := range tree {
			tree[i] = cut(tree[i], at)
		}
	case map[string]any:
		if inner, here := tree[at[0]]; !here {
			for k := range tree {
				tree[k] = cut(tree[k], at)
			}
		} else if len(at) == 1 {
			delete(tree, at[0])
		} else {
			tree[at[0]] = cut(inner, at[1:])
		}
	}
	return tree
}

// attributesOf are the paths to all attributes of a type, without the places in lists and maps.
func attributesOf(ty cty.Type, at []string) [][]string {
	if ty.IsCollectionType() {
		return attributesOf(ty.ElementType(), at)
	}
	if !ty.IsObjectType() {
		return nil
	}
	var out [][]string
	for _, name := range slices.Sorted(maps.Keys(ty.AttributeTypes())) {
		inner := append(slices.Clone(at), name)
		out = append(append(out, inner), attributesOf(ty.AttributeType(name), inner)...)
	}
	return out
}
