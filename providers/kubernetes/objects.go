package kubernetes

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"

	"github.com/e82355ed/runbook/engine/provider"
)

type objectsArgs struct {
	APIVersion    string            `rb:"api_version,required,filled" doc:"API group and version, such as apps/v1, or v1 for the core."`
	Kind          string            `rb:"kind,required,filled" doc:"Kind, such as Deployment; the plural name does too."`
	Namespace     string            `rb:"namespace" check:"kubernetes_namespace" doc:"Namespace to look in; \"*\" means all; null: the configuration's."`
	Name          string            `rb:"name" doc:"Only the object of this name."`
	LabelSelector string            `rb:"label_selector" check:"label_selector" doc:"Only objects with these labels."`
	FieldSelector string            `rb:"field_selector" check:"field_selector" doc:"Only objects with these fields; few kinds know more than metadata.name."`
	Fields        map[string]string `rb:"fields" check:"jsonpath" doc:"What to take of each object: JSONPath by name; null: all of it."`
	Limit         int               `rb:"limit" default:"1000" doc:"At most this many objects are read."`
}

type objectsResult struct {
	Objects   cty.Value `rb:"objects" doc:"The objects by namespace and name; with fields: each its name, namespace and those fields, null where there is nothing."`
	Count     int       `rb:"count" doc:"How many objects there are in the list."`
	Truncated bool      `rb:"truncated" doc:"Whether there are more objects than limit."`
}

func objectsAction() provider.Action {
	return read(provider.Definition[*client, objectsArgs, objectsResult]{
		Name: "kubernetes_objects", Doc: "Reads objects of any kind, custom resources included.",
		AtMostOne: [][]string{{"name", "label_selector"}, {"name", "field_selector"}},
		Run:       runObjects,
		Misfits:   objectsMisfits,
		Summarize: func(r *objectsResult) string {
			if r.Count == 0 {
				return "no objects"
			}
			return counted(r.Count, "object")
		},
	})
}

type rawObject = map[string]any

func runObjects(ctx context.Context, in *provider.In[*client, objectsArgs]) (*objectsResult, error) {
	c, a := in.Client, in.Args
	paths, err := parseFields(a.Fields)
	if err != nil {
		return nil, wrong("read objects", err)
	}
	found, err := c.resourceOf(ctx, a.APIVersion, a.Kind)
	if err != nil {
		return nil, err
	}
	q := query{resource: found, labelSelector: a.LabelSelector, fieldSelector: a.FieldSelector, limit: max(a.Limit, 1)}
	if found.namespaced {
		q.namespace = c.scope(a.Namespace)
	}
	items, truncated, err := c.rawObjects(ctx, q, a.Name)
	if err == nil && len(items) == 0 {
		err = c.namespaceExists(ctx, q)
	}
	if err != nil {
		return nil, err
	}
	warnTruncated(in.Warn, truncated, q)
	sortByPlace(items, placeOf)
	values := make([]cty.Value, len(items))
	for i, item := range items {
		if values[i], err = paths.take(item); err != nil {
			return nil, wrong("read the fields of "+placeOf(&item).String(), err)
		}
		if found.kind == "Secret" {
			values[i] = concealed(values[i])
		}
	}
	return &objectsResult{Objects: cty.TupleVal(values), Count: len(values), Truncated: truncated}, nil
}

// rawObjects reads one object by its name where it can be asked for so, else a list. An object that is not there is an
// empty list: whether it should be is the author's to say.
func (c *client) rawObjects(ctx context.Context, q query, name string) ([]rawObject, bool, error) {
	if name != "" && (q.namespace != everywhere || !q.resource.namespaced) {
		var object rawObject
		err := getRaw(ctx, c.object(q.resource, q.namespace, name), &object)
		if notFound(err) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, c.explain(ctx, "read "+q.resource.singular+" "+name+inNamespace(q.namespace), err)
		}
		return []rawObject{q.told(object)}, false, nil
	}
	if name != "" {
		q.fieldSelector = "metadata.name=" + name
	}
	var all []rawObject
	truncated := false
	err := c.pages(q, func(request *rest.Request) (string, int, error) {
		var page struct {
			Metadata metav1.ListMeta `json:"metadata"`
			Items    []rawObject     `json:"items"`
		}
		if err := getRaw(ctx, request, &page); err != nil {
			return "", 0, err
		}
		for _, item := range page.Items {
			all = append(all, q.told(item))
		}
		return page.Metadata.Continue, len(all), nil
	}, func() { all = nil }, &truncated)
	if err != nil {
		return nil, false, c.explain(ctx, q.op(), err)
	}
	if q.limit > 0 && len(all) > q.limit {
		all, truncated = all[:q.limit], true
	}
	return all, truncated, nil
}

// getRaw decodes whole numbers as int64, as the JSONPath package expects.
func getRaw(ctx context.Context, request *rest.Request, into any) error {
	var body jsonText
	if err := getJSON(ctx, request, &body); err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// jsonText keeps an answer as it is.
type jsonText []byte

func (t *jsonText) UnmarshalJSON(b []byte) error { *t = slices.Clone(b); return nil }

// told is an object as kubectl shows it: without what is of no use to people, and with its kind, which lists leave out.
func (q query) told(object rawObject) rawObject {
	r := q.resource
	object["apiVersion"], object["kind"] = strings.TrimPrefix(r.group+"/"+r.version, "/"), r.kind
	if metadata, ok := object["metadata"].(rawObject); ok && !q.managed {
		delete(metadata, "managedFields")
	}
	return object
}

func placeOf(object *rawObject) place {
	metadata, _ := (*object)["metadata"].(rawObject)
	namespace, _ := metadata["namespace"].(string)
	name, _ := metadata["name"].(string)
	return place{namespace, name}
}

// fieldPaths are the JSONPath expressions of the argument fields, by name.
type fieldPaths map[string]string

func parseFields(fields map[string]string) (fieldPaths, error) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if _, err := parseJSONPath(fields[name]); err != nil {
			return nil, fmt.Errorf("fields.%s: %w", name, err)
		}
	}
	return fields, nil
}

// take gives the object's fields, or all of it where none are named.
func (p fieldPaths) take(object rawObject) (cty.Value, error) {
	if len(p) == 0 {
		return provider.FromGo(object), nil
	}
	where := placeOf(&object)
	values := map[string]cty.Value{"name": cty.StringVal(where.name), "namespace": cty.NullVal(cty.String)}
	if where.namespace != "" {
		values["namespace"] = cty.StringVal(where.namespace)
	}
	for name, text := range p {
		value, err := find(object, text)
		if err != nil {
			return cty.NilVal, fmt.Errorf("fields.%s: %w", name, err)
		}
		values[name] = value
	}
	return cty.ObjectVal(values), nil
}

// concealed marks what of a Secret may be secret: all but its metadata, annotations excepted, for one of them may hold
// the manifest.
func concealed(object cty.Value) cty.Value {
	attributes := object.AsValueMap()
	for name, value := range attributes {
		switch name {
		case "apiVersion", "kind", "type", "immutable", "name", "namespace":
		case "metadata":
			attributes[name] = concealedMetadata(value)
		default:
			attributes[name] = value.Mark(provider.Sensitive)
		}
	}
	return cty.ObjectVal(attributes)
}

func concealedMetadata(metadata cty.Value) cty.Value {
	if metadata.IsNull() || !metadata.Type().IsObjectType() {
		return metadata.Mark(provider.Sensitive)
	}
	attributes := metadata.AsValueMap()
	if annotations, ok := attributes["annotations"]; ok {
		attributes["annotations"] = annotations.Mark(provider.Sensitive)
	}
	return cty.ObjectVal(attributes)
}
