package local

import (
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// programOf is the program of a command as it is written. A bare name that the step's own PATH leads to is another program
// than the one of that name, so it is called another.
func programOf(args cty.Value) (string, bool) {
	program, ok := firstOf(args.GetAttr("command"))
	if !ok || strings.Contains(program, "/") {
		return program, ok
	}
	env := args.GetAttr("env")
	switch {
	case !env.IsKnown():
		return "", false
	case env.IsNull():
		return program, true
	}
	for it := env.ElementIterator(); it.Next(); {
		if name, path := it.Element(); name.AsString() == "PATH" {
			if !path.IsKnown() || path.IsNull() {
				return "", false
			}
			return program + " in PATH=" + path.AsString(), true
		}
	}
	return program, true
}

func firstOf(list cty.Value) (string, bool) {
	if !list.IsKnown() || list.IsNull() || list.LengthInt() == 0 {
		return "", false
	}
	first := list.Index(cty.NumberIntVal(0))
	if !first.IsKnown() || first.IsNull() {
		return "", false
	}
	return first.AsString(), true
}
