package kubernetes

import (
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

// becauseZero says it of an action.
func becauseZero(action string, zero bool) string {
	if !zero {
		return ""
	}
	return action + " sets replicas to 0, at which nothing serves"
}

// zeroManifest reports whether one of the objects shall have no replicas. What is not known yet, or is no manifest, says nothing of it.
func zeroManifest(v cty.Value) bool {
	if v == cty.NilVal {
		return false
	}
	objects, err := manifestsOf(v)
	if err != nil {
		return false
	}
	for _, o := range objects {
		if zeroReplicas(o) {
			return true
		}
	}
	return false
}

// zeroPatch reports it of a patch of any form.
func zeroPatch(v cty.Value) bool {
	if v == cty.NilVal {
		return false
	}
	body, err := patchBody(v)
	if err != nil {
		return false
	}
	if object, ok := body.(rawObject); ok {
		return zeroReplicas(object)
	}
	operations, _ := body.([]any)
	for _, o := range operations {
		operation, _ := o.(rawObject)
		if op := digText(operation, "op"); op != "add" && op != "replace" {
			continue
		}
		value := operation["value"]
		switch digText(operation, "path") {
		case "/spec/replicas":
			value = rawObject{"spec": rawObject{"replicas": value}}
		case "/spec":
			value = rawObject{"spec": value}
		case "":
		default:
			continue
		}
		if object, ok := value.(rawObject); ok && zeroReplicas(object) {
			return true
		}
	}
	return false
}

// patchBody reads a patch: an object or a list of operations, as values or as JSON text.
func patchBody(v cty.Value) (any, error) {
	body, err := goOf(v)
	if text, ok := body.(string); ok && err == nil {
		err = kjson.Unmarshal([]byte(text), &body)
	}
	return body, err
}

func zeroReplicas(object rawObject) bool {
	spec, _ := object["spec"].(rawObject)
	switch n := spec["replicas"].(type) {
	case int64:
		return n == 0
	case float64:
		return n == 0
	}
	return false
}
