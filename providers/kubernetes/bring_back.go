package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// What kubernetes_delete deleted comes back by kubernetes_apply of its manifests. They are made anew and never applied over another object of
// that name, which is somebody else's: the server would merge the two.

const (
	// deletedUID is the annotation of such a manifest: the UID of the object that was deleted, and those that it stood for itself.
	deletedUID = "runbook/deleted-uid"
	// standsFor is the annotation of an object that was brought back: what deletedUID was.
	standsFor = "runbook/stands-for"
)

// doomed is an object as the manifest that brings it back.
func doomed(object rawObject) rawObject {
	manifest := asked(object)
	annotate(manifest, deletedUID, strings.TrimSpace(digText(object, "metadata", "uid")+" "+stoodFor(object, fieldManager)))
	return manifest
}

// isOf reports whether an object is the one of this UID, or was brought back in its place: then who made that one may delete this.
func isOf(uid string, object rawObject) bool {
	return uid == digText(object, "metadata", "uid") || slices.Contains(strings.Fields(stoodFor(object, fieldManager)), uid)
}

func annotate(object rawObject, name, value string) {
	metadata, _ := object["metadata"].(rawObject)
	annotations, ok := metadata["annotations"].(rawObject)
	if !ok {
		annotations = rawObject{}
		metadata["annotations"] = annotations
	}
	annotations[name] = value
}

// stoodFor is what an object was brought back for. Others who copy it copy the annotation too, but don't set it by this manager's apply.
func stoodFor(object rawObject, manager string) string {
	if dig(appliedBy(object, manager), "f:metadata", "f:annotations", "f:"+standsFor) == nil {
		return ""
	}
	return digText(object, "metadata", "annotations", standsFor)
}

// broughtBack reports whether the object that is there was made by applying the manifest, whatever has become of it since.
func (m manifest) broughtBack(object rawObject, manager string) bool {
	return m.deleted != "" && m.deleted == stoodFor(object, manager)
}

// isBack reports whether the deleted object is there again: so that there is nothing to do.
func (m manifest) isBack(object rawObject, manager string) bool {
	return m.broughtBack(object, manager) || m.deleted != "" && len(differences(m.object, object)) == 0
}

// refuseStanding refuses to bring back one of which another stands there.
func refuseStanding(states []applied) error {
	for _, s := range states {
		if s.of.deleted == "" || s.before == nil || s.back {
			continue
		}
		err := s.of.inTheWay(s.before)
		err.Hint = "Nothing was changed. " + err.Hint
		if gone := stillGone(states); len(gone) > 0 {
			err.Hint = fmt.Sprintf("Nothing was changed, and %s stays gone as well. To bring that back alone, apply its own manifest by hand; or delete what stands there, and have this run again.",
				strings.Join(gone, ", "))
		}
		return err
	}
	return nil
}

// stillGone names those that were to be brought back, and of which nothing stands there.
func stillGone(states []applied) []string {
	var names []string
	for _, s := range states {
		if s.of.deleted != "" && s.before == nil {
			names = append(names, s.of.String())
		}
	}
	return names
}

func (m manifest) inTheWay(object rawObject) *provider.Error {
	if digText(object, "metadata", "deletionTimestamp") != "" {
		return &provider.Error{Op: "bring back " + m.String(), Err: errors.New(endingOf(object)), NothingDone: true}
	}
	const most = 5
	var names []string
	for _, d := range differences(m.object, object) {
		names = append(names, d.String())
	}
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return &provider.Error{
		Op: "bring back " + m.String(), NothingDone: true, Permanent: true,
		Err: fmt.Errorf("another of that name stands there (UID %s, made %s), and differs in %s: it is somebody else's and stays as it is",
			digText(object, "metadata", "uid"), madeBy(object), strings.Join(names, ", ")),
		Hint: "Where it is to stay, nothing is left to do about it. To have the deleted one back, delete it, and have this run again.",
	}
}

// madeBy is when an object was made, and by whom where that is told.
func madeBy(object rawObject) string {
	at := digText(object, "metadata", "creationTimestamp")
	for _, entry := range listAt(object, "metadata", "managedFields") {
		if digText(entry, "time") == at && digText(entry, "subresource") == "" {
			return at + " by " + digText(entry, "manager")
		}
	}
	return at
}

// awaitEnds waits for objects that are to be brought back and have not ended yet: their pods, or what holds them, take their time.
func (c *client) awaitEnds(ctx context.Context, manifests []manifest) error {
	for _, m := range manifests {
		if m.deleted == "" {
			continue
		}
		var ending rawObject
		err := await(ctx, func() (bool, error) {
			object, err := m.find(ctx)
			if err == nil && digText(object, "metadata", "deletionTimestamp") != "" {
				ending = object
				return false, nil
			}
			return true, err
		})
		switch {
		case err == nil || notFound(err):
		case ending != nil && ctx.Err() != nil:
			return &provider.Error{Op: "bring back " + m.String(), Err: fmt.Errorf("%s: %w", endingOf(ending), ctx.Err()), NothingDone: true}
		default:
			return c.explain(ctx, "read "+m.String(), err)
		}
	}
	return nil
}

func endingOf(object rawObject) string {
	text := "it is still being deleted"
	if held := listAt(object, "metadata", "finalizers"); len(held) > 0 {
		text += fmt.Sprintf(", held by its finalizers %v", held)
	}
	return text
}

// madeInBetween looks at what somebody else has made under the name since it was looked for, as a conflict says. It stays, and is refused
// unless it is what was deleted.
func (s *applied) madeInBetween(ctx context.Context, a *applyArgs, conflict error) error {
	now, err := s.of.find(ctx)
	switch {
	case notFound(err):
		return conflict // it went again
	case err != nil:
		return err
	case !s.of.isBack(now, a.FieldManager):
		return s.of.inTheWay(now)
	}
	s.before, s.after, s.back = now, now, true
	return nil
}
