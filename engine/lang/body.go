package lang

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/e82355ed/runbook/engine/provider"
)

// attribute is one `name = expression` as the file has it.
type attribute struct {
	name         string
	raw          hcl.Expression
	rng, nameRng hcl.Range
}

// block is one nested block as the file has it.
type block struct {
	kind         string
	labels       []string
	labelRngs    []hcl.Range
	rng, kindRng hcl.Range // the header, the first word
	body         hcl.Body
}

// rules say what a body may hold and what becomes of it in a T.
type rules[T any] struct {
	// what names the body in messages: "a step", "the runbook block".
	what   string
	attrs  map[string]func(*decoder, *T, *attribute)
	blocks map[string]blockRule[T]
	// required attributes are reported when missing.
	required []string
}

type blockRule[T any] struct {
	// labels are what the labels are called in messages.
	labels []string
	// once is set where a second block is an error.
	once   bool
	decode func(*decoder, *T, *block)
}

// extra are the arguments that a body takes besides its rules': an action's or a provider's. A nil schema takes any.
type extra struct {
	schema *provider.Object
	// owner says whose they are: `action "http_request"`.
	owner string
	take  func(*attribute)
}

func (e *extra) accepts(name string) bool {
	return e != nil && (e.schema == nil || e.schema.Attribute(name) != nil)
}

// decodeBody applies rules to a body, whose header is at header, and reports what they do not know.
func decodeBody[T any](d *decoder, r *rules[T], body hcl.Body, header hcl.Range, into *T, more *extra) {
	attrs, blocks := content(d, r, body)
	for i := range attrs {
		a := &attrs[i]
		switch decode := r.attrs[a.name]; {
		case decode != nil:
			decode(d, into, a)
		case more.accepts(a.name):
			more.take(a)
		default:
			unknownArgument(d, r, a, more)
		}
	}
	for _, name := range r.required {
		if !slices.ContainsFunc(attrs, func(a attribute) bool { return a.name == name }) {
			d.errorAt(header, "Missing argument", "The argument %q is required in %s.", name, r.what)
		}
	}
	var first map[string]hcl.Range
	for i := range blocks {
		b := &blocks[i]
		rule, known := r.blocks[b.kind]
		if !known {
			unknownBlock(d, r, b, more)
			continue
		}
		if !labelsFit(d, b, rule.labels) {
			continue
		}
		if previous, dup := first[b.kind]; dup {
			d.errorAt(b.rng, "Duplicate block", "There is %s block at %s already; only one may stand in %s.", withArticle(b.kind), place(previous), r.what)
			continue
		}
		if rule.once {
			if first == nil {
				first = map[string]hcl.Range{}
			}
			first[b.kind] = b.rng
		}
		rule.decode(d, into, b)
	}
}

// content gives what stands in a body: attributes in no order, blocks in the order of the file.
func content[T any](d *decoder, r *rules[T], body hcl.Body) ([]attribute, []block) {
	if native, ok := body.(*hclsyntax.Body); ok {
		return nativeContent(native)
	}
	schema := &hcl.BodySchema{}
	for kind, rule := range r.blocks {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: kind, LabelNames: rule.labels})
	}
	found, rest, diags := body.PartialContent(schema)
	d.diags = append(d.diags, diags...)
	properties, diags := rest.JustAttributes()
	d.diags = append(d.diags, diags...)
	attrs := make([]attribute, 0, len(properties))
	for _, p := range properties {
		attrs = append(attrs, attribute{name: p.Name, raw: p.Expr, rng: p.Range, nameRng: p.NameRange})
	}
	d.convert(body, properties, found.Blocks)
	blocks := make([]block, 0, len(found.Blocks))
	for _, b := range found.Blocks {
		header := b.TypeRange
		if n := len(b.LabelRanges); n > 0 {
			header = b.LabelRanges[n-1]
		}
		blocks = append(blocks, block{
			kind: b.Type, labels: b.Labels, labelRngs: b.LabelRanges, rng: header, kindRng: b.TypeRange, body: b.Body,
		})
	}
	return attrs, blocks
}

// nativeContent reads a native body without HCL's schemas: their maps cost more than all the rest of decoding a step.
func nativeContent(body *hclsyntax.Body) ([]attribute, []block) {
	attrs := make([]attribute, 0, len(body.Attributes))
	for _, a := range body.Attributes {
		attrs = append(attrs, attribute{name: a.Name, raw: a.Expr, rng: a.SrcRange, nameRng: a.NameRange})
	}
	blocks := make([]block, len(body.Blocks))
	for i, b := range body.Blocks {
		header := b.TypeRange
		if n := len(b.LabelRanges); n > 0 {
			header = hcl.RangeBetween(header, b.LabelRanges[n-1])
		}
		blocks[i] = block{kind: b.Type, labels: b.Labels, labelRngs: b.LabelRanges, rng: header, kindRng: b.TypeRange, body: b.Body}
	}
	return attrs, blocks
}

func names[T any](r *rules[T], more *extra) []string {
	all := slices.Collect(maps.Keys(r.attrs))
	if more != nil && more.schema != nil {
		all = append(all, more.schema.Names()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func unknownArgument[T any](d *decoder, r *rules[T], a *attribute, more *extra) {
	if _, isBlock := r.blocks[a.name]; isBlock {
		d.errorAt(a.nameRng, "Unknown argument", "%s is a block: write %s { … } without an equals sign.", a.name, a.name)
		return
	}
	d.errorAt(a.nameRng, "Unknown argument", "There is no argument %q in %s%s", a.name, owner(r, more), orList(a.name, names(r, more), more))
}

func unknownBlock[T any](d *decoder, r *rules[T], b *block, more *extra) {
	kinds := slices.Sorted(maps.Keys(r.blocks))
	arguments := names(r, more)
	switch _, isArgument := slices.BinarySearch(arguments, b.kind); {
	case isArgument:
		d.errorAt(b.kindRng, "Unknown block", "%s is an argument: write %s = … with an equals sign.", b.kind, b.kind)
	case len(kinds) == 0:
		d.errorAt(b.kindRng, "Unknown block", "No block may stand in %s.", r.what)
	default:
		d.errorAt(b.kindRng, "Unknown block", "There is no block %q in %s%s", b.kind, owner(r, more), orList(b.kind, kinds, nil))
	}
}

func owner[T any](r *rules[T], more *extra) string {
	if more != nil && more.owner != "" {
		return more.owner
	}
	return r.what
}

// orList ends a sentence with the nearest candidate, else with all of them where they are few: those of more, where
// there are any, as the rest is the same everywhere.
func orList(given string, candidates []string, more *extra) string {
	if s := Suggest(given, candidates); s != "" {
		return "; did you mean \"" + s + "\"?"
	}
	if more != nil && more.schema != nil {
		candidates = more.schema.Names()
	}
	if len(candidates) == 0 || len(candidates) > 20 {
		return "."
	}
	return ". There are: " + listed(candidates) + "."
}

func labelsFit(d *decoder, b *block, want []string) bool {
	if len(b.labels) == len(want) {
		return true
	}
	shape := b.kind
	for _, name := range want {
		shape += " \"<" + name + ">\""
	}
	at := b.rng
	if len(b.labels) > len(want) {
		at = b.labelRngs[len(want)]
	}
	d.errorAt(at, "Wrong labels", "Such a block is written %s { … }: it has %d, not %d labels.", shape, len(want), len(b.labels))
	return false
}
