package typecheck

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Env is what an expression may refer to and call. It is only read.
type Env struct {
	// Resolve says what the beginning of a reference stands for. It is not asked for the variables of a `for`.
	Resolve func(t hcl.Traversal) Resolved
	// Context holds the functions, and no variables.
	Context *hcl.EvalContext
	// Call looks at the arguments of a function call for what the function itself can't say of unknown values; nil:
	// nothing. Its diagnostics count inside `try` too.
	Call func(call *hclsyntax.FunctionCallExpr, args []cty.Value) hcl.Diagnostics
}

// Resolved is what the first words of a reference stand for.
type Resolved struct {
	// Value is known, or unknown and of the right type; cty.DynamicVal where nothing is known of it.
	Value cty.Value
	// Taken is how many words Value stands for; the rest are its attributes.
	Taken int
	// Closed says that Value's type is fixed by a schema: an attribute that it lacks is a mistake inside `try` too.
	Closed bool
	// Problem is what is wrong with the reference; Value is then not looked at.
	Problem *hcl.Diagnostic
	// Missing explains an attribute that Value lacks, in place of the usual words; nil, or a nil result: the usual.
	Missing func(attr string, rng hcl.Range) *hcl.Diagnostic
}

type mark string

// Foreseen marks the unknown lists and maps that stand for what a `for` expression will give. In a run that is a tuple
// or an object, which converts to them and differs from them only where two values are compared.
const Foreseen = mark("foreseen")

// Check gives what an expression evaluates to as far as that is known, with all that is wrong with it. A part with an
// error counts as a value of which nothing is known. The value may be marked, with [Foreseen] or as sensitive.
func Check(e hclsyntax.Expression, env *Env) (cty.Value, hcl.Diagnostics) {
	c := &checker{env: env}
	v := c.eval(e)
	return v, c.diags
}

type checker struct {
	env   *Env
	diags hcl.Diagnostics
	// locals are the variables of the `for` expressions around, the innermost last.
	locals []local
	// items are what the splats around go over.
	items map[*hclsyntax.AnonSymbolExpr]operand
	// turns counts how often the body of a loop was looked at.
	turns int
	// lenient counts the `try` and `can` around: inside, types are not errors.
	lenient int
}

type local struct {
	name string
	operand
}

// operand is a value that was referred to.
type operand struct {
	value cty.Value
	// label is how it is written, for messages.
	label  string
	closed bool
}

// always reports what is wrong wherever it stands.
func (c *checker) always(d *hcl.Diagnostic) { c.diags = append(c.diags, d) }

// typed reports what `try` and `can` would catch.
func (c *checker) typed(diags ...*hcl.Diagnostic) {
	if c.lenient == 0 {
		c.diags = append(c.diags, diags...)
	}
}

// apply has HCL evaluate a node whose parts are values, in the name of the node as written.
func (c *checker) apply(node, written hclsyntax.Expression) cty.Value {
	v, diags := node.Value(c.env.Context)
	for _, d := range diags {
		d.Expression, d.EvalContext = written, nil
		c.typed(d)
	}
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	return v
}

// literal stands for an expression that was evaluated.
func literal(v cty.Value, e hclsyntax.Expression) *hclsyntax.LiteralValueExpr {
	return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: e.Range()}
}

// maxExponent bounds numbers, in bits: written out, one of 1e600000000 would fill the memory.
const maxExponent = 1 << 14

func (c *checker) literal(e *hclsyntax.LiteralValueExpr) cty.Value {
	if e.Val.Type() != cty.Number || !e.Val.IsKnown() || e.Val.IsNull() {
		return e.Val
	}
	if n, _ := e.Val.Unmark(); n.AsBigFloat().MantExp(nil) > maxExponent || n.AsBigFloat().MantExp(nil) < -maxExponent {
		c.always(&hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Number out of range", Subject: e.Range().Ptr(),
			Detail: "A number has up to about 4,900 digits before or behind the point.",
		})
		return cty.UnknownVal(cty.Number)
	}
	return e.Val
}

// part evaluates a part of a node and wraps it for apply.
func (c *checker) part(e hclsyntax.Expression) *hclsyntax.LiteralValueExpr {
	return literal(c.eval(e), e)
}

func (c *checker) parts(list []hclsyntax.Expression) []hclsyntax.Expression {
	out := make([]hclsyntax.Expression, len(list))
	for i, e := range list {
		out[i] = c.part(e)
	}
	return out
}

func (c *checker) eval(e hclsyntax.Expression) cty.Value {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return c.literal(e)
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr,
		*hclsyntax.SplatExpr, *hclsyntax.AnonSymbolExpr, *hclsyntax.ParenthesesExpr:
		return c.refer(e).value
	case *hclsyntax.FunctionCallExpr:
		return c.call(e)
	case *hclsyntax.BinaryOpExpr:
		return c.binary(e)
	case *hclsyntax.UnaryOpExpr:
		node := *e
		node.Val = c.part(e.Val)
		return c.apply(&node, e)
	case *hclsyntax.ConditionalExpr:
		node := *e
		node.Condition, node.TrueResult, node.FalseResult = c.part(e.Condition), c.part(e.TrueResult), c.part(e.FalseResult)
		return c.apply(&node, e)
	case *hclsyntax.TemplateExpr:
		node := *e
		node.Parts = c.parts(e.Parts)
		return c.apply(&node, e)
	case *hclsyntax.TemplateWrapExpr:
		return c.eval(e.Wrapped)
	case *hclsyntax.TemplateJoinExpr:
		return c.join(e)
	case *hclsyntax.TupleConsExpr:
		node := *e
		node.Exprs = c.parts(e.Exprs)
		return c.apply(&node, e)
	case *hclsyntax.ObjectConsExpr:
		return c.object(e)
	case *hclsyntax.ForExpr:
		return c.loop(e)
	}
	// What the parser could not read was reported by it.
	return cty.DynamicVal
}

// join is what a template makes of its for directive: the turns' texts one after the other.
func (c *checker) join(e *hclsyntax.TemplateJoinExpr) cty.Value {
	turns := c.part(e.Tuple)
	if t := turns.Val.Type(); t.IsTupleType() && !turns.Val.IsNull() {
		return c.apply(&hclsyntax.TemplateJoinExpr{Tuple: turns}, e)
	}
	// HCL knows only tuples here. How many turns there are isn't known, and a template gives texts in each.
	return cty.UnknownVal(cty.String)
}

func (c *checker) object(e *hclsyntax.ObjectConsExpr) cty.Value {
	node := *e
	node.Items = make([]hclsyntax.ObjectConsItem, len(e.Items))
	for i, item := range e.Items {
		key := c.key(item.KeyExpr)
		node.Items[i] = hclsyntax.ObjectConsItem{KeyExpr: literal(key, item.KeyExpr), ValueExpr: c.part(item.ValueExpr)}
	}
	return c.apply(&node, e)
}

// key evaluates an object's key, which is a bare word or an expression.
func (c *checker) key(e hclsyntax.Expression) cty.Value {
	key, ok := e.(*hclsyntax.ObjectConsKeyExpr)
	if !ok {
		return c.eval(e)
	}
	if _, bare := key.Wrapped.(*hclsyntax.ScopeTraversalExpr); bare && !key.ForceNonLiteral {
		// One word is a name; for several, HCL asks for parentheses.
		return c.apply(key, key.Wrapped)
	}
	return c.eval(key.Wrapped)
}

// binary checks both sides whatever the first one is, and that an equality can hold.
func (c *checker) binary(e *hclsyntax.BinaryOpExpr) cty.Value {
	node := *e
	left, right := c.eval(e.LHS), c.eval(e.RHS)
	node.LHS, node.RHS = literal(left, e.LHS), literal(right, e.RHS)
	if e.Op == hclsyntax.OpEqual || e.Op == hclsyntax.OpNotEqual {
		if d := neverEqual(e, left, right); d != nil {
			c.typed(d)
			if d.Severity == hcl.DiagError {
				return cty.UnknownVal(cty.Bool)
			}
		}
		if foreseen(left) || foreseen(right) {
			return cty.UnknownVal(cty.Bool)
		}
	}
	return c.apply(&node, e)
}
