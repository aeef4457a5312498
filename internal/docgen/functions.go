package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/e82355ed/runbook/engine/lang"
)

// functions lists the functions of expressions with their parameters.
func functions() []byte {
	p := newPage("Functions")
	p.line("Where a name is Terraform's, so are its meaning and the order of its arguments.")
	table := lang.Functions(lang.FunctionHost{})
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(table)) {
		f := table[name]
		doc := functionDocs[name]
		if doc == "" {
			doc = strings.ReplaceAll(f.Description(), " of dynamic", " of any")
		}
		rows = append(rows, []string{"`" + signature(name, f) + "`", doc})
	}
	p.table([]string{"function", "what it gives"}, rows)
	return p.bytes()
}

func signature(name string, f function.Function) string {
	var params []string
	for _, p := range f.Params() {
		params = append(params, parameter(p))
	}
	if v := f.VarParam(); v != nil {
		params = append(params, parameter(*v)+"...")
	}
	return name + "(" + strings.Join(params, ", ") + ")"
}

func parameter(p function.Parameter) string {
	if p.Type == cty.DynamicPseudoType || p.Type == cty.NilType || p.Type.IsCapsuleType() {
		return p.Name
	}
	return p.Name + " " + strings.ReplaceAll(p.Type.FriendlyName(), "dynamic", "any")
}
