package lang

import (
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func stringFunctions(table map[string]function.Function) {
	table["startswith"] = textPredicate("prefix", strings.HasPrefix)
	table["endswith"] = textPredicate("suffix", strings.HasSuffix)
	table["strcontains"] = textPredicate("substr", strings.Contains)
	table["replace"] = replaceFunction()
}

func textPredicate(param string, f func(s, other string) bool) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{text("str"), text(param)},
		Type:         function.StaticReturnType(cty.Bool),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(f(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// replaceFunction takes a substring between slashes as a regular expression, as Terraform does.
func replaceFunction() function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{text("str"), text("substr"), text("replace")},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			s, old, with := args[0].AsString(), args[1].AsString(), args[2].AsString()
			if len(old) < 2 || old[0] != '/' || old[len(old)-1] != '/' {
				return cty.StringVal(strings.ReplaceAll(s, old, with)), nil
			}
			re, err := regexp.Compile(old[1 : len(old)-1])
			if err != nil {
				return cty.NilVal, function.NewArgError(1, err)
			}
			return cty.StringVal(re.ReplaceAllString(s, with)), nil
		},
	})
}
