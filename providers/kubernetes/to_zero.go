package kubernetes

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/e82355ed/runbook/engine/provider"
)

// toZero is the effect of what may set spec.replicas to 0, whichever action sends it: nothing serves at zero.
func toZero(zero bool) provider.Effect {
	if zero {
		return provider.Destructive
	}
	return provider.Write
}

// becauseZero says it of an action that surely sets it, or may.
func becauseZero(action string, surely, may bool) string {
	switch {
	case surely:
		return action + " sets replicas to 0, at which nothing serves"
	case may:
		return action + " may set replicas to 0, at which nothing serves: what it sets is not known before the run"
	}
	return ""
}

// zeroManifest reports whether one of the objects shall have no replicas. What is no manifest says nothing of it; open is what
// counts where it depends on what is not known yet.
func zeroManifest(v cty.Value, open bool) bool {
	if text, ok := knownText(v); ok {
		found, err := documents(text)
		if err != nil {
			return false
		}
		v = provider.FromGo(found)
	}
	return oneOf(v, func(object cty.Value) bool {
		return zeroReplicas(object, open) || oneOf(at(object, "items"), func(item cty.Value) bool { return zeroReplicas(item, open) })
	})
}

// zeroPatch reports it of a patch of any form.
func zeroPatch(v cty.Value, open bool) bool {
	if text, ok := knownText(v); ok {
		var body any
		if kjson.Unmarshal([]byte(text), &body) != nil {
			return false
		}
		v = provider.FromGo(body)
	}
	if !isList(v) {
		return zeroReplicas(v, open)
	}
	return oneOf(v, func(operation cty.Value) bool { return zeroOperation(operation, open) })
}

func zeroOperation(operation cty.Value, open bool) bool {
	path := at(operation, "path")
	value, puts := putsThere(operation, open)
	if !puts || !path.IsKnown() {
		return puts && open
	}
	switch text, _ := knownText(path); text {
	case "/spec/replicas":
		value = wrappedValue("spec", wrappedValue("replicas", value))
	case "/spec":
		value = wrappedValue("spec", value)
	case "":
	default:
		return false
	}
	return zeroReplicas(value, open)
}

// putsThere is what an operation puts at its path; false: nothing. What one copies or moves is known to the server alone.
func putsThere(operation cty.Value, open bool) (value cty.Value, puts bool) {
	op, value := at(operation, "op"), at(operation, "value")
	text, _ := knownText(op)
	switch {
	case !op.IsKnown():
		if !at(operation, "from").IsNull() {
			value = cty.DynamicVal
		}
		return value, open
	case text == "copy", text == "move":
		return cty.DynamicVal, true
	}
	return value, text == "add" || text == "replace"
}

func zeroReplicas(object cty.Value, open bool) bool {
	n := at(at(object, "spec"), "replicas")
	switch {
	case !n.IsKnown():
		return open
	case n.IsNull() || n.Type() != cty.Number:
		return false
	}
	sent, _ := n.AsBigFloat().Float64()
	return sent == 0
}

func wrappedValue(name string, v cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{name: v})
}

// at is what an object or a map has by a name; null: nothing.
func at(v cty.Value, name string) cty.Value {
	key := cty.StringVal(name)
	switch {
	case v == cty.NilVal:
	case !v.IsKnown():
		return cty.DynamicVal
	case v.IsNull():
	case v.Type().IsObjectType() && v.Type().HasAttribute(name):
		return v.GetAttr(name)
	case v.Type().IsMapType() && v.HasIndex(key).True():
		return v.Index(key)
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

// oneOf reports it of one of a list, or of what is no list.
func oneOf(v cty.Value, holds func(cty.Value) bool) bool {
	if isList(v) {
		return slices.ContainsFunc(v.AsValueSlice(), holds)
	}
	return holds(v)
}

// isList reports whether it is known to be a list of whatever items.
func isList(v cty.Value) bool {
	return v != cty.NilVal && v.IsKnown() && !v.IsNull() && (v.Type().IsTupleType() || v.Type().IsListType() || v.Type().IsSetType())
}

// knownText is a text that is known.
func knownText(v cty.Value) (string, bool) {
	if v == cty.NilVal || v.Type() != cty.String || !v.IsKnown() || v.IsNull() {
		return "", false
	}
	return v.AsString(), true
}

// patchBody reads a patch: an object or a list of operations, as values or as JSON text.
func patchBody(v cty.Value) (any, error) {
	body, err := goOf(v)
	if text, ok := body.(string); ok && err == nil {
		err = kjson.Unmarshal([]byte(text), &body)
	}
	return body, err
}
