package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/e82355ed/runbook/engine/provider"
)

type deleteArgs struct {
	APIVersion    string `rb:"api_version,required,filled" doc:"API group and version, such as apps/v1, or v1 for the core."`
	Kind          string `rb:"kind,required,filled" doc:"Kind, such as Deployment."`
	Name          string `rb:"name" doc:"The object of this name."`
	LabelSelector string `rb:"label_selector" check:"label_selector" doc:"The objects with these labels."`
	FieldSelector string `rb:"field_selector" check:"field_selector" doc:"The objects with these fields."`
	Namespace     string `rb:"namespace,place" check:"kubernetes_namespace" doc:"Their namespace; null: the configuration's."`
}

type deleteResult struct {
	Deleted   []string  `rb:"deleted" doc:"What it deleted, as namespace/name; the server may still be ending it."`
	Manifests cty.Value `rb:"manifests" doc:"The objects as they were, as manifests to apply again; what they owned and stored is not in them."`
}

func deleteAction() provider.Action {
	return change(provider.Definition[*client, deleteArgs, deleteResult]{
		Name: "kubernetes_delete", Doc: "Deletes objects.",
		Instead: "kubernetes_objects shows the objects",
		Effect:  provider.Destructive, ExactlyOne: [][]string{{"name", "label_selector", "field_selector"}},
		Misfits: deleteMisfits, Run: runDelete, Preview: previewDelete, Inquire: inquireDelete,
		ChangedNothing: func(r *deleteResult) bool { return len(r.Deleted) == 0 },
		Summarize: func(r *deleteResult) string {
			if len(r.Deleted) == 0 {
				return "nothing to delete"
			}
			return counted(len(r.Deleted), "object") + " deleted"
		},
	})
}

// deleteNote says which objects were to be deleted; one made anew under the same name is another.
type deleteNote struct {
	Objects []notedObject `json:"objects"`
	// Manifests are the objects as they were. The note is sealed where they are Secrets.
	Manifests []rawObject `json:"manifests,omitempty"`
}

type notedObject struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
}

func runDelete(ctx context.Context, in *provider.In[*client, deleteArgs]) (*deleteResult, error) {
	c := in.Client
	r, objects, err := c.toDelete(ctx, in.Args)
	if err != nil {
		return nil, err
	}
	note, keep := deleteNote{}, in.Note
	for _, o := range objects {
		at := placeOf(&o)
		note.Objects = append(note.Objects, notedObject{at.namespace, at.name, digText(o, "metadata", "uid")})
		note.Manifests = append(note.Manifests, asked(o))
	}
	if r.kind == "Secret" {
		keep = in.NoteSealed
	}
	gone, err := c.goneSince(ctx, r, in.Earlier)
	if err != nil {
		return nil, err
	}
	note.Objects, note.Manifests = append(gone.Objects, note.Objects...), append(gone.Manifests, note.Manifests...)
	if err := keep(note); err != nil {
		return nil, err
	}
	result := &deleteResult{}
	var deleted []rawObject
	for i, o := range note.Objects {
		s := subject{c: c, r: r, namespace: o.Namespace, name: o.Name}
		if i < len(gone.Objects) {
			result.Deleted, deleted = append(result.Deleted, fullName(s)), append(deleted, note.Manifests[i])
			continue
		}
		if err := s.delete(ctx, o.UID); err != nil {
			if notFound(err) && in.Args.Name == "" {
				continue // it went by itself
			}
			failed := c.explain(ctx, "delete "+s.String(), err)
			if len(deleted) == 0 || !refused(err) {
				return nil, failed
			}
			result.Manifests = manifestValues(r, deleted)
			return result, after(failed, "Deleted", result.Deleted)
		}
		result.Deleted, deleted = append(result.Deleted, fullName(s)), append(deleted, note.Manifests[i])
	}
	result.Manifests = manifestValues(r, deleted)
	return result, nil
}

// goneSince is what an attempt before noted and is gone by now.
func (c *client) goneSince(ctx context.Context, r resource, sent *provider.Sent) (deleteNote, error) {
	earlier, err := earlierNote[deleteNote]("delete "+r.plural, sent)
	if err != nil || earlier == nil || len(earlier.Manifests) != len(earlier.Objects) {
		return deleteNote{}, err
	}
	names, err := c.gone(ctx, r, earlier.Objects)
	var out deleteNote
	for i, o := range earlier.Objects {
		if slices.Contains(names, fullName(subject{namespace: o.Namespace, name: o.Name})) {
			out.Objects, out.Manifests = append(out.Objects, o), append(out.Manifests, earlier.Manifests[i])
		}
	}
	return out, err
}

func manifestValues(r resource, objects []rawObject) cty.Value {
	values := make([]cty.Value, len(objects))
	for i, o := range objects {
		values[i] = manifestValue(r, o)
	}
	return cty.TupleVal(values)
}

func fullName(s subject) string { return strings.TrimPrefix(place{s.namespace, s.name}.String(), "/") }

// delete removes the one object of this UID; what it owns goes after it, as kubectl has it.
func (s subject) delete(ctx context.Context, uid string) error {
	body, err := json.Marshal(rawObject{
		"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background", "preconditions": rawObject{"uid": uid},
	})
	if err != nil {
		return err
	}
	return s.request("DELETE", false).Name(s.name).SetHeader("Content-Type", "application/json").Body(body).Do(ctx).Error()
}

// toDelete finds the objects. One that is named must be there.
func (c *client) toDelete(ctx context.Context, a *deleteArgs) (resource, []rawObject, error) {
	r, err := c.resourceOf(ctx, a.APIVersion, a.Kind)
	if err != nil {
		return resource{}, nil, err
	}
	s, err := c.subject("delete "+r.plural, r, a.Namespace, a.Name)
	if err != nil {
		return resource{}, nil, err
	}
	if a.Name != "" {
		if _, _, err := splitResource(r.singular + "/" + a.Name); err != nil {
			return resource{}, nil, wrong("delete "+r.plural, err)
		}
		object, err := s.read(ctx)
		if err != nil {
			return resource{}, nil, err
		}
		return r, []rawObject{tidy(object, r)}, nil
	}
	if err := selective(a); err != nil {
		return resource{}, nil, wrong("delete "+r.plural, err)
	}
	q := query{resource: r, namespace: s.namespace, labelSelector: a.LabelSelector, fieldSelector: a.FieldSelector}
	objects, _, err := c.rawObjects(ctx, q, "")
	if err == nil && len(objects) == 0 {
		err = c.namespaceExists(ctx, q)
	}
	sortByPlace(objects, placeOf)
	return r, objects, err
}

// selective refuses a selector that selects everything.
func selective(a *deleteArgs) error {
	byLabel, err := labels.Parse(a.LabelSelector)
	if err != nil {
		return fmt.Errorf("label_selector: %w", err)
	}
	byField, err := fields.ParseSelector(a.FieldSelector)
	if err != nil {
		return fmt.Errorf("field_selector: %w", err)
	}
	if byLabel.Empty() && byField.Empty() {
		return errors.New("nothing says which of them: that would be every one in the namespace")
	}
	return nil
}

func previewDelete(ctx context.Context, in *provider.In[*client, deleteArgs]) ([]provider.Change, error) {
	r, objects, err := in.Client.toDelete(ctx, in.Args)
	if err != nil {
		return nil, err
	}
	changes := []provider.Change{}
	for _, o := range objects {
		at := placeOf(&o)
		changes = append(changes, provider.Change{Path: title(r, at.namespace, at.name), Before: "there", After: "deleted"})
	}
	return changes, nil
}

// inquireDelete looks which of the noted objects are gone, or on their way.
func inquireDelete(
	ctx context.Context, in *provider.In[*client, deleteArgs], sent provider.Sent,
) (*provider.Finding[deleteResult], error) {
	var note deleteNote
	if sent.Note != nil {
		if err := json.Unmarshal(sent.Note, &note); err != nil {
			return nil, fmt.Errorf("read what was noted of the objects: %w", err)
		}
	}
	if len(note.Objects) == 0 {
		return &provider.Finding[deleteResult]{State: provider.NotDone, Why: "No object was noted, which comes before sending."}, nil
	}
	r, err := in.Client.resourceOf(ctx, in.Args.APIVersion, in.Args.Kind)
	if err != nil {
		return nil, err
	}
	gone, err := in.Client.gone(ctx, r, note.Objects)
	if err != nil {
		return nil, err
	}
	why := fmt.Sprintf("%d of %s gone or ending.", len(gone), counted(len(note.Objects), "object"))
	switch len(gone) {
	case len(note.Objects):
		result := &deleteResult{Deleted: gone, Manifests: cty.NullVal(cty.DynamicPseudoType)}
		if note.Manifests != nil {
			result.Manifests = manifestValues(r, note.Manifests)
		}
		return &provider.Finding[deleteResult]{State: provider.Done, Result: result, Why: why}, nil
	case 0:
		return &provider.Finding[deleteResult]{State: provider.NotDone, Why: why}, nil
	}
	return &provider.Finding[deleteResult]{Why: why}, nil
}

// gone names those of the objects that are no more, are ending, or have been made anew.
func (c *client) gone(ctx context.Context, r resource, objects []notedObject) ([]string, error) {
	var names []string
	for _, o := range objects {
		s := subject{c: c, r: r, namespace: o.Namespace, name: o.Name}
		object, err := s.find(ctx)
		if err != nil && !notFound(err) {
			return nil, c.explain(ctx, "read "+s.String(), err)
		}
		if err != nil || digText(object, "metadata", "uid") != o.UID || digText(object, "metadata", "deletionTimestamp") != "" {
			names = append(names, fullName(s))
		}
	}
	return names, nil
}
