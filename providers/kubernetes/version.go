package kubernetes

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// objectVersion is which state of an object was read. What an object holds does not tell whether it was changed and changed back
// since; its version does.
type objectVersion struct {
	UID string `json:"uid,omitempty"`
	// Generation counts changes of what is asked for, and not those of a status or of labels. 0: it says nothing here.
	Generation int64 `json:"generation,omitempty"`
	// Resource counts every change.
	Resource string `json:"resource,omitempty"`
}

// versionSeen is the version of an object that was read. Counted says whether the write in question raises the generation.
func versionSeen(object rawObject, counted bool) objectVersion {
	v := objectVersion{UID: digText(object, "metadata", "uid"), Resource: versionOf(object)}
	if counted {
		v.Generation = digNumber(object, "metadata", "generation")
	}
	return v
}

// holds reports whether the object is still in this version. A note of before versions were noted says nothing against it, nor
// does that of an object that was not there.
func (v objectVersion) holds(object rawObject) bool {
	now := versionSeen(object, true)
	switch {
	case v == (objectVersion{}):
		return true
	case v.UID != now.UID:
		return false
	}
	return v.Resource == now.Resource || v.Generation != 0 && v.Generation == now.Generation
}

// takenBack says why nobody can tell of a write whose object has again what it had before.
func takenBack(what string) string {
	return what + " is as it was before, but was changed in between: whether this write took place and was taken back can't be told."
}

// whole is the object itself where a subresource of it was read, which has no generation. Who may not read it goes by the subresource.
func (s subject) whole(ctx context.Context, read rawObject, sub []string) (rawObject, error) {
	if len(sub) == 0 {
		return read, nil
	}
	object, err := s.find(ctx)
	switch {
	case apierrors.IsForbidden(err):
		return read, nil
	case err != nil:
		return nil, s.c.explain(ctx, "read "+s.String(), err)
	}
	return object, nil
}

// countedIn reports whether a change of one of these fields raises an object's generation.
func countedIn(fields ...string) bool {
	for _, field := range fields {
		if field != "metadata" && field != "status" {
			return true
		}
	}
	return false
}

// heads are the fields at the top of an object in which there are differences.
func heads(found []difference) []string {
	var names []string
	for _, d := range found {
		if len(d.path) > 0 {
			if name, ok := d.path[0].(string); ok {
				names = append(names, name)
			}
		}
	}
	return names
}
