package kubernetes

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
)

// dig finds a value by its keys; nil where there is none.
func dig(object any, keys ...string) any {
	for _, key := range keys {
		m, ok := object.(rawObject)
		if !ok {
			return nil
		}
		object = m[key]
	}
	return object
}

func digText(object any, keys ...string) string {
	text, _ := dig(object, keys...).(string)
	return text
}

func digNumber(object any, keys ...string) int64 {
	number, _ := dig(object, keys...).(int64)
	return number
}

// wrapped puts a value below keys.
func wrapped(value any, keys ...string) rawObject {
	for i := len(keys) - 1; i > 0; i-- {
		value = rawObject{keys[i]: value}
	}
	return rawObject{keys[0]: value}
}

// merged is an object as a merge patch makes it (RFC 7386).
func merged(object, patch rawObject) rawObject {
	out := maps.Clone(object)
	if out == nil {
		out = rawObject{}
	}
	for name, value := range patch {
		below, isObject := value.(rawObject)
		was, _ := out[name].(rawObject)
		switch {
		case value == nil:
			delete(out, name)
		case isObject:
			out[name] = merged(was, below)
		default:
			out[name] = value
		}
	}
	return out
}

// serversOwn are the metadata that the server writes whatever a person asks for.
var serversOwn = []string{"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"}

// marks are annotations that nobody asked for: a controller numbers what somebody else did, and this provider marks what it brings back.
var marks = []string{deploymentRevision, deletedUID, standsFor}

// unmarked is a copy of an object without the marks.
func unmarked(object rawObject) rawObject {
	if object == nil {
		return nil
	}
	clean := runtime.DeepCopyJSON(object)
	metadata, _ := clean["metadata"].(rawObject)
	annotations, ok := metadata["annotations"].(rawObject)
	if !ok {
		return clean
	}
	for _, name := range marks {
		delete(annotations, name)
	}
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
	return clean
}

// asked is a copy of an object without what the server adds: what one would write to have it again.
func asked(object rawObject) rawObject {
	clean := unmarked(object)
	delete(clean, "status")
	if metadata, ok := clean["metadata"].(rawObject); ok {
		for _, name := range serversOwn {
			delete(metadata, name)
		}
	}
	return clean
}

// fingerprint tells two objects apart without keeping what may be secret in them. That of no object is empty.
func fingerprint(object rawObject) (string, error) {
	if object == nil {
		return "", nil
	}
	text, err := json.Marshal(asked(object)) // sorts keys
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// title is an object's full name, such as apps/v1/Deployment/production/api.
func title(r resource, namespace, name string) string {
	parts := []string{r.version, r.kind}
	if r.group != "" {
		parts = append([]string{r.group}, parts...)
	}
	if namespace != everywhere {
		parts = append(parts, namespace)
	}
	return strings.Join(append(parts, name), "/")
}
