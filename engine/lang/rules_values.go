package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variableBlock is a variable while it is decoded: its default is converted when its type is known.
type variableBlock struct {
	*Variable
	fallback *attribute
}

var variableRules = &rules[variableBlock]{
	what: "a variable block",
	attrs: map[string]func(*decoder, *variableBlock, *attribute){
		"type":        decodeVariableType,
		"default":     func(_ *decoder, v *variableBlock, a *attribute) { v.fallback = a },
		"description": func(d *decoder, v *variableBlock, a *attribute) { v.Description = d.text(a) },
		"sensitive":   func(d *decoder, v *variableBlock, a *attribute) { v.Sensitive = d.flag(a, false) },
		"nullable":    func(d *decoder, v *variableBlock, a *attribute) { v.Nullable = d.flag(a, true) },
	},
	blocks: map[string]blockRule[variableBlock]{
		"validation": {decode: func(d *decoder, v *variableBlock, b *block) {
			v.Validations = append(v.Validations, decodeCondition(d, b))
		}},
	},
}

func decodeVariable(d *decoder, r *Runbook, b *block) {
	v := variableBlock{Variable: &Variable{Name: b.labels[0], Type: cty.DynamicPseudoType, Nullable: true, Range: b.rng}}
	d.identifier(b.labelRngs[0], "variable", v.Name)
	decodeBody(d, variableRules, b.body, b.rng, &v, nil)
	if v.fallback != nil {
		decodeDefault(d, &v)
	}
	if first := r.Variables[v.Name]; first != nil {
		d.duplicate(b.rng, "variable", v.Name, first.Range)
		return
	}
	r.Variables[v.Name] = v.Variable
}

func decodeVariableType(d *decoder, v *variableBlock, a *attribute) {
	expr := a.raw
	if text, at, ok := jsonString(expr); ok {
		parsed, diags := parseExpression([]byte(text), at)
		if diags.HasErrors() {
			d.diags = append(d.diags, diags...)
			return
		}
		expr = parsed
	}
	t, defaults, diags := typeexpr.TypeConstraintWithDefaults(expr)
	d.diags = append(d.diags, diags...)
	if !diags.HasErrors() {
		v.Type, v.optional, v.typed = t, defaults, true
	}
}

func decodeDefault(d *decoder, v *variableBlock) {
	e := d.expr(v.fallback)
	if len(e.Refs) > 0 {
		d.errorAt(e.Refs[0].Range, "Default is not constant", "The default of variable %q is read before anything is evaluated, so it can't refer to %s. Use a local for that.", v.Name, TraversalText(e.Refs[0].Traversal))
		v.Default = cty.UnknownVal(v.Type)
		return
	}
	value, diags := e.Value(nil)
	if diags.HasErrors() {
		d.diags = append(d.diags, diags...)
		v.Default = cty.UnknownVal(v.Type)
		return
	}
	if v.optional != nil && !value.IsNull() {
		value = v.optional.Apply(value)
	}
	value, err := convert.Convert(value, v.Type)
	if err != nil {
		d.errorAt(v.fallback.raw.Range(), "Default of another type", "The default of variable %q does not fit its type %s: %s.", v.Name, typeexpr.TypeString(v.Type), err)
		value = cty.UnknownVal(v.Type)
	} else if value.IsNull() && !v.Nullable {
		d.errorAt(v.fallback.raw.Range(), "Default is null", "Variable %q has nullable = false, so its default can't be null.", v.Name)
	}
	v.Default = value
}

var conditionRules = &rules[Condition]{
	what:     "a condition block",
	required: []string{"condition"},
	attrs: map[string]func(*decoder, *Condition, *attribute){
		"condition":     func(d *decoder, c *Condition, a *attribute) { c.Condition = d.expr(a) },
		"error_message": func(d *decoder, c *Condition, a *attribute) { c.ErrorMessage = d.expr(a) },
	},
}

func decodeCondition(d *decoder, b *block) *Condition {
	c := &Condition{Range: b.rng}
	named := *conditionRules
	named.what = "a " + b.kind + " block"
	decodeBody(d, &named, b.body, b.rng, c, nil)
	if c.Condition == nil {
		c.Condition = missingExpr(b.rng)
	}
	return c
}

func decodeLocals(d *decoder, r *Runbook, b *block) {
	attrs, diags := b.body.JustAttributes()
	d.diags = append(d.diags, diags...)
	d.convert(b.body, attrs, nil)
	for _, a := range attrs {
		if first := r.Locals[a.Name]; first != nil {
			d.duplicate(a.NameRange, "local", a.Name, first.Range)
			continue
		}
		value := d.expr(&attribute{name: a.Name, raw: a.Expr, rng: a.Range, nameRng: a.NameRange})
		r.Locals[a.Name] = &Local{Name: a.Name, Value: value, Range: a.NameRange}
	}
}

var outputRules = &rules[Output]{
	what:     "an output block",
	required: []string{"value"},
	attrs: map[string]func(*decoder, *Output, *attribute){
		"value":       func(d *decoder, o *Output, a *attribute) { o.Value = d.expr(a) },
		"description": func(d *decoder, o *Output, a *attribute) { o.Description = d.text(a) },
		"sensitive":   func(d *decoder, o *Output, a *attribute) { o.Sensitive = d.flag(a, false) },
	},
}

func decodeOutput(d *decoder, r *Runbook, b *block) {
	o := &Output{Name: b.labels[0], Range: b.rng}
	d.identifier(b.labelRngs[0], "output", o.Name)
	decodeBody(d, outputRules, b.body, b.rng, o, nil)
	if o.Value == nil {
		o.Value = missingExpr(b.rng)
	}
	if first, dup := d.outputs[o.Name]; dup {
		d.duplicate(b.rng, "output", o.Name, first)
		return
	}
	d.outputs[o.Name] = b.rng
	r.Outputs = append(r.Outputs, o)
}

// missingExpr stands for a required expression that is not written, which was reported: nothing is known of it.
func missingExpr(at hcl.Range) *Expr {
	return &Expr{Expression: &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: at}}
}
