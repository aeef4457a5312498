package lang

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/provider"
)

// VariableEnvPrefix begins the names of environment variables that set variables.
const VariableEnvPrefix = "RUNBOOK_VAR_"

// VariableSources are where values of variables come from, besides their defaults and the chosen environment. Later fields win over earlier ones,
// and within a field later elements.
type VariableSources struct {
	// Lookup reads an environment variable; nil: none is set.
	Lookup func(name string) (string, bool)
	// Files are the paths of --var-file: HCL attributes, or a JSON object where the name ends in .json.
	Files []string
	// Values are those of --var: "name=value".
	Values []string
	// Given are values that were worked out before, by name: by the step that runs the runbook, or by an earlier session of
	// the run.
	Given map[string]cty.Value
	// GivenFrom says to people where Given comes from.
	GivenFrom string
	// ReadFile reads Files; nil: the file system.
	ReadFile func(path string) ([]byte, error)
	// Sources takes the parsed Files by path, so that diagnostics can show their lines, where no variable is sensitive; may be nil.
	Sources map[string]*hcl.File
}

// given is a value that a source gives to a variable.
type given struct {
	value cty.Value
	// from names the source: `--var`, `the environment (RUNBOOK_VAR_x)`, `prod.vars.hcl:3`.
	from string
	at   *hcl.Range // in a file
}

// ResolveVariables gives every declared variable its value, converted to its type; sensitive ones are marked with
// provider.Sensitive. A variable that has no valid value is unknown beside its diagnostic.
func ResolveVariables(rb *Runbook, sources VariableSources) (map[string]cty.Value, hcl.Diagnostics) {
	r := &resolver{rb: rb, sources: &sources, given: map[string]given{}}
	r.fromChosen()
	r.fromEnvironment()
	for _, path := range sources.Files {
		r.fromFile(path)
	}
	for _, assignment := range sources.Values {
		r.fromAssignment(assignment)
	}
	r.fromGiven()
	values := make(map[string]cty.Value, len(rb.Variables))
	var valid []*Variable
	for _, name := range slices.Sorted(maps.Keys(rb.Variables)) {
		v := rb.Variables[name]
		value, ok := r.resolve(v)
		if ok {
			valid = append(valid, v)
		}
		if v.Sensitive {
			value = value.Mark(provider.Sensitive)
		}
		values[name] = value
	}
	scope := &Scope{Runbook: rb, Variables: values, Host: FunctionHost{Dir: rb.Dir, Static: true}}
	for _, v := range valid {
		for _, c := range v.Validations {
			r.validate(scope, v, c)
		}
	}
	return values, r.diags
}

type resolver struct {
	rb      *Runbook
	sources *VariableSources
	given   map[string]given
	// broken holds variables whose value could not be read, which was reported.
	broken map[string]bool
	diags  hcl.Diagnostics
}

func (r *resolver) error(at *hcl.Range, summary, format string, args ...any) {
	r.diags = append(r.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: at,
	})
}

// fromChosen reads the chosen environment's values. Those of variables that are not declared are for other runbooks of
// the workspace.
func (r *resolver) fromChosen() {
	if r.rb.Environment == nil {
		return
	}
	for name, attr := range r.rb.Environment.Variables {
		if r.rb.Variables[name] == nil {
			continue
		}
		value, diags := attr.Expr.Value(nil)
		if diags.HasErrors() {
			r.diags = append(r.diags, diags...)
			r.breaks(name)
			continue
		}
		at := attr.Expr.Range()
		r.given[name] = given{value: value, from: fmt.Sprintf("environment %q (%s)", r.rb.Environment.Name, place(attr.Range)), at: &at}
	}
}

// fromEnvironment looks for the declared variables only: others in the environment may be for other runbooks.
func (r *resolver) fromEnvironment() {
	if r.sources.Lookup == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(r.rb.Variables)) {
		if text, ok := r.sources.Lookup(VariableEnvPrefix + name); ok {
			r.take(r.rb.Variables[name], text, "the environment ("+VariableEnvPrefix+name+")")
		}
	}
}

func (r *resolver) fromFile(path string) {
	opts := &LoadOptions{ReadFile: r.sources.ReadFile}
	source, err := readFile(path, opts)
	if err != nil {
		bad := unreadable(path, err)
		bad.Detail += " It was named with --var-file."
		r.diags = append(r.diags, bad)
		return
	}
	file, diags := parse(source, path)
	r.diags = append(r.diags, diags...)
	if file == nil {
		return
	}
	if r.sources.Sources != nil && !r.anySensitive() {
		r.sources.Sources[path] = file
	}
	attrs, diags := file.Body.JustAttributes()
	r.diags = append(r.diags, diags...)
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		a := attrs[name]
		if !r.declared(name, path, &a.NameRange) {
			continue
		}
		value, diags := a.Expr.Value(nil)
		if diags.HasErrors() {
			r.diags = append(r.diags, diags...)
			r.breaks(name)
			continue
		}
		at := a.Expr.Range()
		r.given[name] = given{value: value, from: place(a.Range), at: &at}
	}
}

// anySensitive reports whether a file of values may hold what is not to be shown: a line that can't be read may be of any
// variable, so no line of the file is shown then.
func (r *resolver) anySensitive() bool {
	for _, v := range r.rb.Variables {
		if v.Sensitive {
			return true
		}
	}
	return false
}

func (r *resolver) fromAssignment(assignment string) {
	name, value, ok := strings.Cut(assignment, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		r.error(nil, "Wrong --var", "--var %q is not of the form name=value.", cutMiddle(name))
		return
	}
	if r.declared(name, "--var", nil) {
		r.take(r.rb.Variables[name], value, "--var")
	}
}

func (r *resolver) fromGiven() {
	for _, name := range slices.Sorted(maps.Keys(r.sources.Given)) {
		if r.declared(name, r.sources.GivenFrom, nil) {
			r.given[name] = given{value: r.sources.Given[name], from: r.sources.GivenFrom}
		}
	}
}

func (r *resolver) declared(name, from string, at *hcl.Range) bool {
	if r.rb.Variables[name] != nil {
		return true
	}
	known := slices.Sorted(maps.Keys(r.rb.Variables))
	hint := DidYouMean(name, known)
	if hint == "." && len(known) > 0 {
		hint = ". The variables are: " + strings.Join(known, ", ") + "."
	} else if len(known) == 0 {
		hint = ": the runbook declares no variables."
	}
	r.error(at, "Unknown variable", "%s sets %q, but there is no variable of that name%s", from, name, hint)
	return false
}

func (r *resolver) breaks(name string) {
	if r.broken == nil {
		r.broken = map[string]bool{}
	}
	r.broken[name] = true
}

// take reads a value given as text: as it is for a primitive type or where no type is written, else an expression.
func (r *resolver) take(v *Variable, text, from string) {
	if !v.typed || v.Type.IsPrimitiveType() {
		r.given[v.Name] = given{value: cty.StringVal(text), from: from}
		return
	}
	at := hcl.Range{Filename: from, Start: hcl.InitialPos}
	e, diags := parseExpression([]byte(text), at)
	if !diags.HasErrors() {
		var value cty.Value
		if value, diags = e.Value(nil); !diags.HasErrors() {
			r.given[v.Name] = given{value: value, from: from}
			return
		}
	}
	r.breaks(v.Name)
	r.error(&v.Range, "Wrong value", "The value of variable %q from %s can't be read: %s Its type is %s, so write it as in a file, such as %s.",
		v.Name, from, diags[0].Detail, typeexpr.TypeString(v.Type), example(v.Type))
}

func example(t cty.Type) string {
	if t.IsMapType() || t.IsObjectType() {
		return `{key = "value"}`
	}
	return `["a", "b"]`
}

// resolve gives a variable's value; ok is false where a problem was reported.
func (r *resolver) resolve(v *Variable) (value cty.Value, ok bool) {
	g, set := r.given[v.Name]
	switch {
	case r.broken[v.Name]:
		return cty.UnknownVal(v.Type), false
	case set && (!g.value.IsNull() || v.Nullable):
		return r.convert(v, g)
	case v.Default != cty.NilVal:
		return v.Default, v.Default.IsKnown()
	case set:
		r.error(at(g, v), "Value is null", "Variable %q can't be null (nullable = false), but %s sets it to null.", v.Name, g.from)
		return cty.UnknownVal(v.Type), false
	}
	detail := fmt.Sprintf("Variable %q has no value and no default. Set it with --var '%s=…', in a file given with --var-file, or in the environment as %s%s.",
		v.Name, v.Name, VariableEnvPrefix, v.Name)
	if v.Description != "" {
		detail += " It is: " + v.Description
	}
	r.error(&v.Range, "Variable not set", "%s", detail)
	return cty.UnknownVal(v.Type), false
}

// at is the place of a value in a file, or the variable's: the line that holds a sensitive value is not shown.
func at(g given, v *Variable) *hcl.Range {
	if g.at != nil && !v.Sensitive {
		return g.at
	}
	return &v.Range
}

func (r *resolver) convert(v *Variable, g given) (cty.Value, bool) {
	value := g.value
	if v.optional != nil && !value.IsNull() {
		value = v.optional.Apply(value)
	}
	converted, err := convert.Convert(value, v.Type)
	if err == nil {
		return converted, true
	}
	shown := ""
	if !v.Sensitive {
		shown = " " + FormatValue(g.value)
	}
	r.error(at(g, v), "Wrong value", "The value%s of variable %q from %s does not fit its type %s: %s.",
		shown, v.Name, g.from, typeexpr.TypeString(v.Type), conversionError(v.Name, err))
	return cty.UnknownVal(v.Type), false
}

// conversionError names the place within a value that does not convert.
func conversionError(name string, err error) string {
	var pathErr cty.PathError
	if !errors.As(err, &pathErr) || len(pathErr.Path) == 0 {
		return err.Error()
	}
	var where strings.Builder
	for _, step := range pathErr.Path {
		switch step := step.(type) {
		case cty.GetAttrStep:
			where.WriteString("." + step.Name)
		case cty.IndexStep:
			where.WriteString("[" + FormatValue(step.Key) + "]")
		}
	}
	return fmt.Sprintf("%s%s: %s", name, where.String(), pathErr.Error())
}

func (r *resolver) validate(scope *Scope, v *Variable, c *Condition) {
	holds, diags := scope.Value(c.Condition, Frame{})
	if diags.HasErrors() {
		r.diags = append(r.diags, diags...)
		return
	}
	holds, _ = holds.Unmark()
	holds, err := convert.Convert(holds, cty.Bool)
	if err != nil || holds.IsNull() {
		at := c.Condition.Range()
		r.error(&at, "Not a condition", "A condition is true or false; this is %s.", FormatValue(holds))
		return
	}
	if !holds.IsKnown() || holds.True() {
		return
	}
	message := fmt.Sprintf("%s does not hold.", c.Condition.Source)
	if c.ErrorMessage != nil {
		text, diags := scope.Value(c.ErrorMessage, Frame{})
		r.diags = append(r.diags, diags...)
		if !diags.HasErrors() {
			message = MessageText(text)
		}
	}
	from := "its default"
	if g, set := r.given[v.Name]; set {
		from = g.from
	}
	r.error(&v.Range, "Invalid value for a variable", "Variable %q, from %s: %s (rule at %s)", v.Name, from, message, place(c.Range))
}

// MessageText is what an error_message gave, for people: the text itself where it is a string that is not sensitive.
func MessageText(v cty.Value) string {
	if v.Type() == cty.String && !v.IsMarked() && v.IsKnown() && !v.IsNull() {
		return v.AsString()
	}
	return FormatValue(v)
}
