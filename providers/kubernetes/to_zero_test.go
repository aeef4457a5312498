package kubernetes

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

func literal(s string) cty.Value           { return cty.StringVal(s) }
func whole(n int64) cty.Value              { return cty.NumberIntVal(n) }
func several(items ...cty.Value) cty.Value { return cty.TupleVal(items) }

func object(name string, v cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{name: v})
}

func replicas(v cty.Value) cty.Value { return object("spec", object("replicas", v)) }

func operation(op, path, value cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"op": op, "path": path, "value": value})
}

func moving(op, from, path cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"op": op, "from": from, "path": path})
}

// deployment is a manifest with these values in it.
func deployment(kind, name, spec cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"apiVersion": literal("apps/v1"), "kind": kind, "metadata": object("name", name), "spec": spec})
}

// toZeroCase is an argument and what kubernetes_apply or kubernetes_patch does with it.
type toZeroCase struct {
	value cty.Value
	want  [2]provider.Effect
}

// What is known of an effect beforehand: at least, and at worst.
var (
	changes    = [2]provider.Effect{provider.Write, provider.Write}
	mayDestroy = [2]provider.Effect{provider.Write, provider.Destructive}
	destroys   = [2]provider.Effect{provider.Destructive, provider.Destructive}
)

func testToZero(t *testing.T, action, argument string, cases map[string]toZeroCase) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			spec := New().Action(action).Spec()
			args := spec.Args().Null().AsValueMap()
			args[argument] = c.value
			with := cty.ObjectVal(args)
			if got := [2]provider.Effect{spec.AtLeast(with), spec.Classify(with)}; got != c.want {
				t.Errorf("it is %v, expected %v", got, c.want)
			}
			because := map[[2]provider.Effect]string{changes: "", mayDestroy: "may set replicas to 0, at which nothing serves", destroys: "sets replicas to 0, at which nothing serves"}
			if got := spec.Because(with); !strings.Contains(got, because[c.want]) || c.want == changes && strings.Contains(got, "replicas") {
				t.Errorf("it counts as %v as %q, expected %q", c.want, got, because[c.want])
			}
		})
	}
}

// TestPatchToZero has a patch that scales to zero count like kubernetes_scale, and one that may, as only the run tells, be called that.
func TestPatchToZero(t *testing.T) {
	open, none, replace, path := cty.DynamicVal, whole(0), literal("replace"), literal("/spec/replicas")
	tests, elsewhere := operation(literal("test"), path, none), literal("/spec/minReadySeconds")
	testToZero(t, "kubernetes_patch", "patch", map[string]toZeroCase{
		"merge":                   {replicas(none), destroys},
		"to three":                {replicas(whole(3)), changes},
		"of other":                {object("spec", object("paused", cty.True)), changes},
		"text":                    {literal(`{"spec": {"replicas": 0}}`), destroys},
		"operation":               {several(tests, operation(replace, path, none)), destroys},
		"operation that adds":     {several(tests, operation(literal("add"), path, none)), destroys},
		"all of spec":             {several(operation(replace, literal("/spec"), object("replicas", none))), destroys},
		"operation to three":      {several(tests, operation(replace, path, whole(3))), changes},
		"test alone":              {several(tests), changes},
		"operation elsewhere":     {several(operation(replace, literal("/spec/paused"), cty.True)), changes},
		"operations as text":      {literal(`[{"op": "replace", "path": "/spec/replicas", "value": 0}]`), destroys},
		"no patch":                {literal("{"), changes},
		"not there":               {cty.NullVal(cty.DynamicPseudoType), changes},
		"open":                    {open, mayDestroy},
		"open text":               {cty.UnknownVal(cty.String).Refine().StringPrefixFull(`{"metadata": {"labels": `).NewValue(), mayDestroy},
		"open number":             {replicas(open), mayDestroy},
		"open spec":               {object("spec", open), mayDestroy},
		"open elsewhere":          {object("spec", object("paused", open)), changes},
		"open label":              {object("metadata", object("labels", object("a", cty.UnknownVal(cty.String)))), changes},
		"sure, and open besides":  {cty.ObjectVal(map[string]cty.Value{"metadata": open, "spec": object("replicas", none)}), destroys},
		"open value":              {several(operation(replace, path, open)), mayDestroy},
		"open value elsewhere":    {several(operation(replace, literal("/spec/paused"), open)), changes},
		"open path":               {several(operation(replace, cty.UnknownVal(cty.String), none)), mayDestroy},
		"open path of a test":     {several(operation(literal("test"), cty.UnknownVal(cty.String), none)), changes},
		"open operation to zero":  {several(operation(cty.UnknownVal(cty.String), path, none)), mayDestroy},
		"open operation to three": {several(operation(cty.UnknownVal(cty.String), path, whole(3))), changes},
		"one open of several":     {several(tests, open), mayDestroy},
		"copied onto it":          {several(tests, moving(literal("copy"), elsewhere, path)), mayDestroy},
		"moved onto it":           {several(moving(literal("move"), elsewhere, path)), mayDestroy},
		"copied onto all of spec": {several(moving(literal("copy"), elsewhere, literal("/spec"))), mayDestroy},
		"copied onto the object":  {several(moving(literal("copy"), elsewhere, literal(""))), mayDestroy},
		"copied as text":          {literal(`[{"op": "copy", "from": "/spec/minReadySeconds", "path": "/spec/replicas"}]`), mayDestroy},
		"copied to an open path":  {several(moving(literal("copy"), path, cty.UnknownVal(cty.String))), mayDestroy},
		"copied elsewhere":        {several(moving(literal("copy"), path, elsewhere)), changes},
		"moved away":              {several(moving(literal("move"), path, elsewhere)), changes},
		"open, and may copy":      {several(moving(cty.UnknownVal(cty.String), elsewhere, path)), mayDestroy},
		"copied, and set to zero": {several(moving(literal("copy"), elsewhere, path), operation(replace, path, none)), destroys},
	})
}

// TestManifestToZero has a manifest that scales to zero count like kubernetes_scale, and one that may, as only the run tells, be called that.
func TestManifestToZero(t *testing.T) {
	kind, name, open := literal("Deployment"), literal("api"), cty.DynamicVal
	zero, two := object("replicas", whole(0)), object("replicas", whole(2))
	const yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {replicas: "
	items := func(v cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"apiVersion": literal("v1"), "kind": literal("List"), "items": v})
	}
	testToZero(t, "kubernetes_apply", "manifest", map[string]toZeroCase{
		"one":                    {deployment(kind, name, zero), destroys},
		"to two":                 {deployment(kind, name, two), changes},
		"one of several":         {several(deployment(kind, name, two), deployment(kind, name, zero)), destroys},
		"one of a List":          {items(several(deployment(kind, name, two), deployment(kind, name, zero))), destroys},
		"text":                   {literal(yaml + "0}"), destroys},
		"text to two":            {literal(yaml + "2}"), changes},
		"no YAML":                {literal("{"), changes},
		"not there":              {cty.NullVal(cty.DynamicPseudoType), changes},
		"open":                   {open, mayDestroy},
		"open text":              {cty.UnknownVal(cty.String).Refine().StringPrefixFull(yaml + "2}\n#").NewValue(), mayDestroy},
		"open number":            {deployment(kind, name, object("replicas", cty.UnknownVal(cty.Number))), mayDestroy},
		"open spec":              {deployment(kind, name, open), mayDestroy},
		"open name":              {deployment(kind, cty.UnknownVal(cty.String), two), changes},
		"sure with an open name": {deployment(kind, cty.UnknownVal(cty.String), zero), destroys},
		"open kind":              {deployment(cty.UnknownVal(cty.String), name, two), changes},
		"one open of several":    {several(deployment(kind, name, two), open), mayDestroy},
		"open list":              {cty.UnknownVal(cty.List(cty.DynamicPseudoType)), mayDestroy},
		"open List":              {items(open), mayDestroy},
	})
}
