package validate

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// forEach checks that a step's for_each is a map or a set of strings.
func forEach(c *checker, s *lang.Step) {
	if s.ForEach != nil {
		c.collection(s.ForEach, forEachPlace())
	}
}

// collection checks an expression that for_each goes over.
func (c *checker) collection(e *lang.Expr, p *place) {
	if problem := notACollection(c.typed(e, p)); problem != "" {
		c.error(e.Range(), "Wrong type of for_each", "for_each is a map or a set of strings; %s.", problem)
	}
}

// notACollection says what for_each has instead; empty where it is fine, or not known.
func notACollection(v cty.Value) string {
	t := v.Type()
	switch {
	case isNull(v):
		return "this is null"
	case t == cty.DynamicPseudoType || t.IsMapType() || t.IsObjectType():
		return ""
	case t.IsSetType() && (t.ElementType() == cty.String || t.ElementType() == cty.DynamicPseudoType):
		return ""
	case t.IsSetType():
		return "this is " + typecheck.Friendly(t)
	case t.IsListType() && !t.ElementType().IsPrimitiveType() || t.IsTupleType() && hasObjects(t):
		return "this is " + typecheck.Friendly(t) + ". Make a map of it, such as { for x in list : x.name => x }"
	case t.IsListType() || t.IsTupleType():
		return "this is " + typecheck.Friendly(t) + ". Write toset(…) around it"
	}
	return "this is " + typecheck.Friendly(t)
}

func hasObjects(tuple cty.Type) bool {
	for _, t := range tuple.TupleElementTypes() {
		if !t.IsPrimitiveType() && t != cty.DynamicPseudoType {
			return true
		}
	}
	return false
}

// hasKey reports whether a key may be one that for_each gives; keys is the known ones where it is not.
func hasKey(collection cty.Value, key string) (keys []string, ok bool) {
	keys, known := keysOf(collection)
	if !known {
		return nil, true
	}
	for _, k := range keys {
		if k == key {
			return nil, true
		}
	}
	return keys, false
}
