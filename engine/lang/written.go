package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Uses are an expression and the values of the locals that it refers to, through others too, each once.
func (r *Runbook) Uses(e *Expr) []*Expr {
	out := []*Expr{e}
	for i := 0; i < len(out); i++ {
		for _, ref := range out[i].Refs {
			if local := r.Locals[ref.Name]; ref.Kind == RefLocal && local != nil && !slices.Contains(out, local.Value) {
				out = append(out, local.Value)
			}
		}
	}
	return out
}

// Written is how the file writes an expression, the locals that it refers to, and the types of variables, without comments and white space:
// where that is what it was, the file gives another value no reason to be.
func (r *Runbook) Written(e *Expr) string {
	var out strings.Builder
	for _, used := range r.Uses(e) {
		used.written(&out)
		for _, ref := range used.Refs {
			if v := r.Variables[ref.Name]; ref.Kind == RefVar && v != nil {
				out.WriteString(v.Type.GoString() + "\x00")
			}
		}
	}
	return out.String()
}

// Written is how the file writes an expression, without comments and white space.
func (e *Expr) Written() string {
	var out strings.Builder
	e.written(&out)
	return out.String()
}

func (e *Expr) written(out *strings.Builder) {
	if e.json != "" { // which is no text of the native syntax: what looks like a comment in it is none, and "1" is not 1
		fmt.Fprintf(out, "%T %s\x00%s\x00", e.Expression, e.Source, e.json)
		return
	}
	tokens, _ := hclsyntax.LexConfig([]byte(e.Source), "", hcl.InitialPos) // the file was parsed before
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenComment && t.Type != hclsyntax.TokenNewline && t.Type != hclsyntax.TokenEOF {
			out.Write(t.Bytes)
			out.WriteByte(0)
		}
	}
}
