package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/e82355ed/runbook/engine/provider"
)

type deleteArgs struct {
	APIVersion    string `rb:"api_version,required,filled" doc:"API group and version, such as apps/v1, or v1 for the core."`
	Kind          string `rb:"kind,required,filled" doc:"Kind, such as Deployment."`
	Name          string `rb:"name" doc:"The object of this name."`
	UID           string `rb:"uid,filled" doc:"With name: only the object of this UID, or one that an undo brought back in its place. Another of that name is somebody else's, and an error."`
	LabelSelector string `rb:"label_selector" check:"label_selector" doc:"The objects with these labels."`
	FieldSelector string `rb:"field_selector" check:"field_selector" doc:"The objects with these fields."`
	Namespace     string `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Their namespace; null: the configuration's."`
}

type deleteResult struct {
	Deleted   []string  `rb:"deleted" doc:"What it deleted, as namespace/name; the server may still be ending it."`
	Manifests cty.Value `rb:"manifests" doc:"The objects as they were, as manifests for kubernetes_apply to make them anew, not over others of that name; what they owned and stored is not in them."`
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
	gone, err := c.goneSince(ctx, r, in.Earlier)
	if err != nil {
		return nil, err
	}
	d := deletion{c: c, args: in.Args, r: r, note: gone, keep: in.Note, versions: map[string]string{}}
	if r.kind == "Secret" {
		d.keep = in.NoteSealed
	}
	for _, o := range objects {
		at, uid := placeOf(&o), digText(o, "metadata", "uid")
		d.versions[uid] = versionOf(o)
		d.note.Objects = append(d.note.Objects, notedObject{at.namespace, at.name, uid})
		d.note.Manifests = append(d.note.Manifests, doomed(o))
	}
	if err := d.keep(d.note); err != nil {
		return nil, err
	}
	result := &deleteResult{}
	var deleted []rawObject
	for i := range d.note.Objects {
		became := isDeleted // by an attempt before
		if i >= len(gone.Objects) {
			became, err = d.delete(ctx, i)
		}
		switch {
		case err != nil && (len(deleted) == 0 || !refused(err)):
			return nil, err
		case err != nil:
			result.Manifests = manifestValues(r, deleted)
			return result, after(err, true, "Deleted", result.Deleted)
		case became == isDeleted:
			result.Deleted, deleted = append(result.Deleted, fullName(d.subject(i))), append(deleted, d.note.Manifests[i])
		case became == isSpared:
			in.Warn("%s was changed while this ran, and is no longer one of those to delete: it stays", d.subject(i))
		}
	}
	result.Manifests = manifestValues(r, deleted)
	return result, nil
}

// deletion is a run of the action, with what it knows of the objects.
type deletion struct {
	c    *client
	args *deleteArgs
	r    resource
	note deleteNote
	keep func(any) error
	// versions are those of the objects as they were read, by UID.
	versions map[string]string
}

// became is what has become of an object that was to be deleted.
type became uint8

const (
	isDeleted became = iota
	// isSpared: somebody changed it, so that it is not chosen any more.
	isSpared
	// isGone: it went by itself.
	isGone
)

func (d *deletion) subject(i int) subject {
	return subject{c: d.c, r: d.r, namespace: d.note.Objects[i].Namespace, name: d.note.Objects[i].Name}
}

// delete deletes the i-th object as it was read. One that somebody has changed is read and noted anew.
func (d *deletion) delete(ctx context.Context, i int) (became, error) {
	s, uid, end := d.subject(i), d.note.Objects[i].UID, isDeleted
	err := overConflicts(ctx, func() error {
		conflict := s.delete(ctx, uid, d.versions[uid])
		if !apierrors.IsConflict(conflict) {
			return conflict
		}
		now, err := d.c.chosenStill(ctx, d.args, s, uid)
		if err == nil && now == nil {
			end = isSpared
			return nil
		}
		if err == nil {
			d.versions[uid], d.note.Manifests[i] = versionOf(now), doomed(now)
			err = d.keep(d.note)
		}
		if err != nil {
			return err
		}
		return conflict
	})
	switch {
	case err == nil:
		return end, nil
	case notFound(err) && d.args.Name == "":
		return isGone, nil
	}
	return 0, d.c.explained(ctx, "delete "+s.String(), err)
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

// chosenStill reads one of the objects anew, which somebody has changed; nil: the selectors choose it no more, or it is another.
func (c *client) chosenStill(ctx context.Context, a *deleteArgs, s subject, uid string) (rawObject, error) {
	if a.Name != "" {
		object, err := s.read(ctx)
		if err == nil {
			err = theSame(s, object, uid)
		}
		return object, err
	}
	only := strings.TrimPrefix(a.FieldSelector+",metadata.name="+s.name, ",")
	q := query{resource: s.r, namespace: s.namespace, labelSelector: a.LabelSelector, fieldSelector: only, managed: true}
	objects, _, err := c.rawObjects(ctx, q, "")
	if err != nil || len(objects) != 1 || digText(objects[0], "metadata", "uid") != uid {
		return nil, err
	}
	return objects[0], nil
}

// theSame refuses an object that is not the one of this UID; without one, any will do.
func theSame(s subject, object rawObject, uid string) error {
	if is := digText(object, "metadata", "uid"); uid != "" && !isOf(uid, object) {
		return &provider.Error{
			Op: "delete " + s.String(), NothingDone: true, Permanent: true, Hint: "The one that was expected is gone already.",
			Err: fmt.Errorf("it is another of that name, with UID %s where %s was expected: it is somebody else's and stays", is, uid),
		}
	}
	return nil
}

// delete removes the one object of this UID as it was read; what it owns goes after it, as kubectl has it.
func (s subject) delete(ctx context.Context, uid, version string) error {
	read := rawObject{"uid": uid}
	if version != "" {
		read["resourceVersion"] = version
	}
	body, err := json.Marshal(rawObject{
		"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background", "preconditions": read,
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
		if err == nil {
			err = theSame(s, object, a.UID)
		}
		if err != nil {
			return resource{}, nil, err
		}
		return r, []rawObject{object}, nil
	}
	if err := selective(a); err != nil {
		return resource{}, nil, wrong("delete "+r.plural, err)
	}
	q := query{resource: r, namespace: s.namespace, labelSelector: a.LabelSelector, fieldSelector: a.FieldSelector, managed: true}
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
