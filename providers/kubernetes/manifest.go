package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// goOf makes Go values of a language value, numbers as int64 where they are whole.
func goOf(v cty.Value) (any, error) {
	v, _ = v.UnmarkDeep()
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return nil, err
	}
	var out any
	err = kjson.Unmarshal(text, &out)
	return out, err
}

// manifestsOf reads an object, a list of objects, or YAML or JSON text of one or more.
func manifestsOf(v cty.Value) ([]rawObject, error) {
	value, err := goOf(v)
	if err != nil {
		return nil, err
	}
	found := []any{value}
	switch value := value.(type) {
	case string:
		if found, err = documents(value); err != nil {
			return nil, err
		}
	case []any:
		found = value
	}
	var objects []rawObject
	for _, one := range found {
		if one, err = unlisted(one, &objects); err != nil {
			return nil, err
		}
		if one == nil {
			continue
		}
		objects = append(objects, one.(rawObject))
	}
	for i, object := range objects {
		if digText(object, "apiVersion") == "" || digText(object, "kind") == "" || digText(object, "metadata", "name") == "" {
			return nil, fmt.Errorf("object %d of the manifest lacks apiVersion, kind or metadata.name", i+1)
		}
	}
	if len(objects) == 0 {
		return nil, errors.New("there is no object in the manifest")
	}
	return objects, nil
}

// unlisted takes the items out of a List, as kubectl does.
func unlisted(one any, into *[]rawObject) (any, error) {
	object, ok := one.(rawObject)
	if !ok {
		return nil, fmt.Errorf("the manifest holds a %T, expected objects", one)
	}
	items, list := object["items"].([]any)
	if !list || digText(object, "kind") != "List" {
		return object, nil
	}
	for _, item := range items {
		o, ok := item.(rawObject)
		if !ok {
			return nil, fmt.Errorf("the manifest's List holds a %T, expected objects", item)
		}
		*into = append(*into, o)
	}
	return nil, nil
}

// documents reads YAML, of which JSON is a part.
func documents(text string) ([]any, error) {
	reader := yaml.NewYAMLReader(newLines(text))
	var found []any
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the manifest is not YAML: %w", err)
		}
		converted, err := sigsyaml.YAMLToJSON(document)
		if err != nil {
			return nil, fmt.Errorf("the manifest is not YAML: %w", err)
		}
		var one any
		if err := kjson.Unmarshal(converted, &one); err != nil {
			return nil, fmt.Errorf("the manifest is not YAML of objects: %w", err)
		}
		if one != nil && !bytes.Equal(converted, json.RawMessage("null")) {
			found = append(found, one)
		}
	}
}

// manifest is one object to apply and where it goes.
type manifest struct {
	subject
	object rawObject
	// deleted has the UID of the object that it is to bring back; empty: it is there or not.
	deleted string
}

// locateManifests finds out how the server calls each kind, and gives those in namespaces that name none the step's.
func (c *client) locateManifests(ctx context.Context, v cty.Value, namespace string) ([]manifest, error) {
	objects, err := manifestsOf(v)
	if err != nil {
		return nil, wrong("read the manifest", err)
	}
	found := make([]manifest, len(objects))
	for i, object := range objects {
		deleted := digText(object, "metadata", "annotations", deletedUID)
		object = asked(object)
		r, err := c.resourceOf(ctx, digText(object, "apiVersion"), digText(object, "kind"))
		if err != nil {
			return nil, err
		}
		name := digText(object, "metadata", "name")
		s, err := c.subject("apply "+name, r, firstOf(digText(object, "metadata", "namespace"), namespace), name)
		if err != nil {
			return nil, err
		}
		if r.namespaced {
			object["metadata"].(rawObject)["namespace"] = s.namespace
		}
		found[i] = manifest{subject: s, object: object, deleted: deleted}
	}
	return found, nil
}
