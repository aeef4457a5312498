package validate

import (
	"errors"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// readers are the functions that look at the machine's files. What they give may change before the run, so nothing
// counts as constant that was read. A relative path is a file of the project, which must be there (mustRead); any other
// belongs to the machine that runs the runbook, and is not looked at.
var readers = map[string]struct{ mustRead bool }{
	"file": {true}, "filebase64": {true}, "filebase64sha256": {true}, "filebase64sha512": {true}, "filemd5": {true},
	"filesha1": {true}, "filesha256": {true}, "filesha512": {true}, "templatefile": {true},
	"fileexists": {false}, "fileset": {false}, "pathexpand": {false},
}

// functionsIn is the function table for the expressions of one file: relative paths start in its folder.
func (c *checker) functionsIn(filename string) *hcl.EvalContext {
	if ctx, ok := c.functions[filename]; ok {
		return ctx
	}
	dir := c.rb.Dir
	if rel, err := filepath.Rel(filepath.Dir(c.rb.File), filepath.Dir(filename)); err == nil {
		dir = filepath.Join(dir, rel)
	}
	table := lang.Functions(lang.FunctionHost{Dir: dir, ReadFile: c.options.ReadFile, Static: true})
	for name, reader := range readers {
		if f, ok := table[name]; ok {
			table[name] = volatile(f, reader.mustRead)
		}
	}
	ctx := &hcl.EvalContext{Functions: table}
	c.functions[filename] = ctx
	return ctx
}

// volatile makes a function like f, whose first argument is a path, whose result is never known. It calls f for its
// errors where mustRead is set and the path is relative.
func volatile(f function.Function, mustRead bool) function.Function {
	reads := func(args []cty.Value) bool {
		path, known := knownText(args[0])
		return mustRead && known && !filepath.IsAbs(path) && !strings.HasPrefix(path, "~")
	}
	return function.New(&function.Spec{
		Params: f.Params(), VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if !reads(args) {
				args = append([]cty.Value{cty.UnknownVal(cty.String)}, args[1:]...)
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
			if !reads(args) {
				return cty.UnknownVal(t), nil
			}
			v, err := f.Call(args)
			if err != nil {
				return cty.NilVal, err
			}
			return cty.UnknownVal(v.Type()), nil
		},
	})
}

// FileError is why a file of the project can't be used, where that is what a diagnostic is about; nil: it is about something else. It would
// not be there, were the expression not looked at now.
func FileError(d *hcl.Diagnostic) error {
	call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if !ok || !readers[call.CalledFunctionName()].mustRead {
		return nil
	}
	return call.FunctionCallError()
}

// pattern is an argument of a function whose form can be checked when it alone is constant.
type pattern struct {
	index int
	check func(text string) error
}

var patterns = map[string]pattern{
	"regex":      {0, checkRegex},
	"regexall":   {0, checkRegex},
	"replace":    {1, checkReplace},
	"jq":         {1, lang.CompileJQ},
	"formatdate": {0, checkDateFormat},
	"timeadd":    {1, checkTimeDuration},
}

// callArguments checks the patterns among a function's arguments. Where all arguments are known, the function itself
// says what is wrong with them.
func (c *checker) callArguments(call *hclsyntax.FunctionCallExpr, args []cty.Value) hcl.Diagnostics {
	p, ok := patterns[call.Name]
	if !ok || p.index >= len(args) || call.ExpandFinal {
		return nil
	}
	text, ok := knownText(args[p.index])
	if !ok {
		return nil
	}
	err := p.check(text)
	if err == nil {
		return nil
	}
	e := call.Args[p.index]
	return hcl.Diagnostics{problem(c.within(e, text, err), "Invalid argument of "+call.Name, "%s.", sentence(err))}
}

// knownText gives the text of a known string that is not sensitive.
func knownText(v cty.Value) (string, bool) {
	if v.IsMarked() || v.Type() != cty.String || !v.IsKnown() || v.IsNull() {
		return "", false
	}
	return v.AsString(), true
}

// sentence is an error's text as the beginning of one, without the full stop.
func sentence(err error) string { return strings.TrimSuffix(capital(err.Error()), ".") }

func checkRegex(text string) error {
	_, err := regexp.Compile(text)
	var bad *syntax.Error
	if !errors.As(err, &bad) {
		return err
	}
	message := "not an RE2 regular expression: " + bad.Code.String()
	if bad.Expr == "" || bad.Expr == text {
		return errors.New(message)
	}
	at := strings.Index(text, bad.Expr)
	if at < 0 {
		return errors.New(message + ": " + bad.Expr)
	}
	return &provider.PositionError{Offset: at, Length: len(bad.Expr), Message: message + ": " + bad.Expr}
}

// checkReplace checks a pattern between slashes; any other text is replaced as it is.
func checkReplace(text string) error {
	if len(text) < 2 || text[0] != '/' || text[len(text)-1] != '/' {
		return nil
	}
	err := checkRegex(text[1 : len(text)-1])
	var at *provider.PositionError
	if errors.As(err, &at) {
		at.Offset++
	}
	return err
}

// anyTime is what constant formats and durations are tried on.
const anyTime = "2000-01-01T00:00:00Z"

func checkDateFormat(text string) error {
	_, err := stdlib.FormatDate(cty.StringVal(text), cty.StringVal(anyTime))
	return err
}

func checkTimeDuration(text string) error {
	_, err := stdlib.TimeAdd(cty.StringVal(anyTime), cty.StringVal(text))
	return err
}
