package lang

import (
	"bytes"
	"encoding/json"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// convert notes what stands in a body of the JSON syntax in the native syntax' form, so that all that looks at files sees one kind. Which
// properties of JSON are blocks is known while it is decoded alone.
func (d *decoder) convert(body hcl.Body, attrs hcl.Attributes, blocks hcl.Blocks) {
	if _, native := body.(*hclsyntax.Body); native {
		return
	}
	quiet := &decoder{source: d.source} // what is wrong with an expression is told where it is decoded
	into := d.convertedOf(body)
	for name, a := range attrs {
		at := a.Expr.Range()
		into.Attributes[name] = &hclsyntax.Attribute{
			Name: name, Expr: quiet.jsonTree(a.Expr), NameRange: a.NameRange, SrcRange: hcl.RangeBetween(a.NameRange, at),
			EqualsRange: hcl.Range{Filename: at.Filename, Start: a.NameRange.End, End: at.Start},
		}
	}
	for _, b := range blocks {
		into.Blocks = append(into.Blocks, &hclsyntax.Block{
			Type: b.Type, Labels: b.Labels, Body: d.convertedOf(b.Body), TypeRange: b.TypeRange, LabelRanges: b.LabelRanges,
		})
	}
}

func (d *decoder) convertedOf(body hcl.Body) *hclsyntax.Body {
	if d.converted == nil {
		d.converted = map[hcl.Body]*hclsyntax.Body{}
	}
	if d.converted[body] == nil {
		d.converted[body] = &hclsyntax.Body{Attributes: hclsyntax.Attributes{}}
	}
	return d.converted[body]
}

// inNativeForm is a file that was decoded, with its body in the native syntax' form, whichever it is written in.
func (d *decoder) inNativeForm(file *hcl.File) *hcl.File {
	if _, native := file.Body.(*hclsyntax.Body); native {
		return file
	}
	return &hcl.File{Body: d.convertedOf(file.Body), Bytes: file.Bytes, Nav: file.Nav}
}

// CompactJSON is a part of a file of the JSON syntax without white space between what it consists of; ok is false for the native syntax.
func CompactJSON(at hcl.Range, file *hcl.File) (text string, ok bool) {
	if !isJSON(at.Filename) {
		return "", false
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, at.SliceBytes(file.Bytes)); err != nil {
		return string(at.SliceBytes(file.Bytes)), true
	}
	return compact.String(), true
}
