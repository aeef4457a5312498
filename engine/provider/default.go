package provider

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// parseDefault reads the default of a tag.
func parseDefault(text string, t cty.Type) cty.Value {
	v := cty.StringVal(text)
	if t.IsPrimitiveType() {
		converted, err := convert.Convert(v, t)
		if err != nil {
			panic(fmt.Sprintf("provider: default %q is not a %s", text, t.FriendlyName()))
		}
		return converted
	}
	if t.IsListType() && t.ElementType().IsPrimitiveType() {
		return parseDefaultList(text, t)
	}
	panic(fmt.Sprintf("provider: a default for %s can't be written in a tag", t.FriendlyName()))
}

// parseDefaultList reads "[0]" or "[a, b]": a default of a list of primitives in a tag.
func parseDefaultList(text string, t cty.Type) cty.Value {
	inner := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if strings.TrimSpace(inner) == "" {
		return cty.ListValEmpty(t.ElementType())
	}
	var items []cty.Value
	for item := range strings.SplitSeq(inner, ",") {
		items = append(items, parseDefault(strings.Trim(strings.TrimSpace(item), `"`), t.ElementType()))
	}
	return cty.ListVal(items)
}
