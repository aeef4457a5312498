package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"
)

// fieldManager is by whom the API server says that a field was set.
const fieldManager = "runbook"

// subject is the one object that an action changes.
type subject struct {
	c               *client
	r               resource
	namespace, name string
}

// String names it in errors: "deployment api in production".
func (s subject) String() string { return s.r.singular + " " + s.name + inNamespace(s.namespace) }

// subjectOf finds out what TYPE/NAME means. A type that is not known here is looked up on the server, by its group.
func (c *client) subjectOf(ctx context.Context, text, namespace string) (subject, error) {
	op := "find " + text
	typ, name, err := splitResource(text)
	if err != nil {
		return subject{}, wrong(op, err)
	}
	r, known := lookUp(typ)
	if !known {
		if !strings.Contains(typ, ".") {
			return subject{}, wrong(op, checkResource(text))
		}
		if r, err = c.customResource(ctx, op, typ); err != nil {
			return subject{}, err
		}
	}
	return c.subject(op, r, namespace, name)
}

func (c *client) subject(op string, r resource, namespace, name string) (subject, error) {
	s := subject{c: c, r: r, name: name}
	if !r.namespaced {
		return s, nil
	}
	var err error
	s.namespace, err = c.oneNamespace(op, namespace)
	return s, err
}

// customResource looks up a type that is written with its group, in the version that the server prefers.
func (c *client) customResource(ctx context.Context, op, typ string) (resource, error) {
	plural, group, _ := strings.Cut(typ, ".")
	var about struct {
		PreferredVersion struct {
			GroupVersion string `json:"groupVersion"`
		} `json:"preferredVersion"`
	}
	if err := getJSON(ctx, c.ask("GET").AbsPath("/apis/"+group), &about); err != nil {
		return resource{}, c.explain(ctx, op, err)
	}
	return c.resourceOf(ctx, about.PreferredVersion.GroupVersion, plural)
}

// read gives the object as it is, or a subresource of it.
func (s subject) read(ctx context.Context, sub ...string) (rawObject, error) {
	object, err := s.find(ctx, sub...)
	if notFound(err) && len(sub) > 0 {
		if _, err := s.find(ctx); err == nil {
			return nil, wrong("read "+s.String(), fmt.Errorf("a %s has no %s", s.r.kind, strings.Join(sub, "/")))
		}
	}
	if err != nil {
		return nil, s.c.explain(ctx, "read "+s.String(), err)
	}
	return object, nil
}

// find is read with the client's own errors.
func (s subject) find(ctx context.Context, sub ...string) (rawObject, error) {
	request := s.c.object(s.r, s.namespace, s.name)
	if len(sub) > 0 {
		request = request.SubResource(sub...)
	}
	var object rawObject
	if err := getRaw(ctx, request, &object); err != nil {
		return nil, err
	}
	if object == nil {
		return nil, errors.New("the server answered without an object")
	}
	return object, nil
}

// patching is one PATCH request.
type patching struct {
	typ  types.PatchType
	body any
	sub  []string
	// dry asks the server to check it and to change nothing.
	dry   bool
	force bool
	// manager is by whom the fields are set; empty: runbook.
	manager string
	// hush keeps values out of errors, as they may be sensitive.
	hush bool
}

// patch gives the object as it is afterwards, and the client's own errors.
func (s subject) patch(ctx context.Context, p patching) (object rawObject, err error) {
	body, err := json.Marshal(p.body)
	if err != nil {
		return nil, err
	}
	request := s.request("PATCH", p.dry).Name(s.name).SetHeader("Content-Type", string(p.typ)).Body(body)
	if len(p.sub) > 0 {
		request = request.SubResource(p.sub...)
	}
	if p.force {
		request = request.Param("force", "true")
	}
	result := request.Param("fieldManager", firstOf(p.manager, fieldManager)).SetHeader("Accept", "application/json").Do(ctx)
	if err := result.Error(); err != nil {
		return nil, err
	}
	text, err := result.Raw()
	if err == nil {
		err = kjson.Unmarshal(text, &object)
	}
	return object, err
}

// request is a change, which is never sent twice: whether the first arrived is for the action to find out.
func (s subject) request(verb string, dry bool) *rest.Request {
	request := s.c.rest.Verb(verb).MaxRetries(0).AbsPath(s.r.root()).
		NamespaceIfScoped(s.namespace, s.namespace != everywhere).Resource(s.r.plural)
	if dry {
		request = request.Param("dryRun", "All")
	}
	return request
}

// versionOf is what makes the server refuse a patch (409) of an object that has changed since it was read.
func versionOf(object rawObject) string { return digText(object, "metadata", "resourceVersion") }

// at is the patching of an object as it was read: what was changed since is a conflict (409). A version that its author put in stays.
func (p patching) at(version string) patching {
	switch body := p.body.(type) {
	case []any:
		set := rawObject{"op": "replace", "path": "/metadata/resourceVersion", "value": version}
		p.body = append([]any{set}, body...)
	case rawObject:
		metadata, isMap := body["metadata"].(rawObject)
		if own := metadata["resourceVersion"]; own != nil || version == "" || body["metadata"] != nil && !isMap {
			return p
		}
		metadata = maps.Clone(metadata)
		if metadata == nil {
			metadata = rawObject{}
		}
		metadata["resourceVersion"] = version
		body = maps.Clone(body)
		body["metadata"] = metadata
		p.body = body
	}
	return p
}

// noVersion is the resourceVersion of no object: the server applies at it what is not there, and nothing else.
const noVersion = "9223372036854775807"

// to is an apply to the object as it was read, or to none. A version alone would not do: the server makes at any what is not there.
func (p patching) to(read objectVersion) patching {
	body, _ := p.body.(rawObject)
	metadata, _ := body["metadata"].(rawObject)
	metadata, body = maps.Clone(metadata), maps.Clone(body)
	metadata["resourceVersion"] = firstOf(read.Resource, noVersion)
	if read.UID != "" {
		metadata["uid"] = read.UID
	}
	body["metadata"], p.body = metadata, body
	return p
}

// pinned adds the version that the patch was made for.
func pinned(patch, object rawObject) rawObject {
	metadata, ok := patch["metadata"].(rawObject)
	if !ok {
		metadata = rawObject{}
		patch["metadata"] = metadata
	}
	metadata["resourceVersion"] = versionOf(object)
	return patch
}
