package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/types"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/e82355ed/runbook/engine/provider"
)

// edit changes a part of one object to what is asked for. T is the part, as results show it.
type edit[T any] struct {
	of  subject
	op  string
	sub []string
	// complete puts in what the server leaves out, so that a preview tells of it; nil: that is nothing.
	complete func(rawObject)
	// state reads the part.
	state func(rawObject) (T, error)
	// patch makes a merge patch that gives the object what is asked for; nil: it has that.
	patch func(rawObject) (rawObject, error)
	// refuses says why the object must not be changed, such as that it is not as the author says; nil: it may. What needs no change may be
	// as it is.
	refuses func(rawObject) error
}

// noted is what an edit keeps before it sends.
type noted[T any] struct {
	Of     string `json:"of,omitempty"`
	Before T      `json:"before"`
	// After is what it is to be; a note of before that was noted has none.
	After   *T            `json:"after,omitempty"`
	Version objectVersion `json:"version,omitzero"`
}

// earlierNote reads what an attempt before at the same write noted; nil: there is none.
func earlierNote[N any](op string, earlier *provider.Sent) (*N, error) {
	if earlier == nil || earlier.Note == nil {
		return nil, nil
	}
	note := new(N)
	if err := kjson.Unmarshal(earlier.Note, note); err != nil {
		return nil, wrong(op, fmt.Errorf("read what was noted before it was sent first: %w", err))
	}
	return note, nil
}

// run reads, notes and sends. The patch holds the version that was read, so before is what it was when the change took
// place; but where an attempt before may have, before is what that one noted. Where nothing needs to be changed nothing is sent.
func (e edit[T]) run(ctx context.Context, note func(any) error, sent *provider.Sent) (before, after T, err error) {
	earlier, err := earlierNote[noted[T]](e.op, sent)
	if err != nil {
		return before, after, err
	}
	err = overConflicts(ctx, func() error {
		object, patch, was, err := e.prepare(ctx)
		before, after = was, was
		again := earlier != nil && (earlier.Of == "" || earlier.Of == e.of.String())
		if again {
			before = earlier.Before
		}
		if err != nil || patch == nil {
			return err
		}
		if err := e.refuse(object); err != nil {
			return err
		}
		seen, err := e.version(ctx, object, patch)
		if err != nil {
			return err
		}
		if again {
			seen = earlier.Version
		}
		n := noted[T]{Of: e.of.String(), Before: before, Version: seen}
		if meant, err := e.state(merged(object, patch)); err == nil {
			n.After = &meant
		}
		if err := note(n); err != nil {
			return err
		}
		changed, err := e.of.patch(ctx, patching{typ: types.MergePatchType, body: pinned(patch, object), sub: e.sub})
		if err != nil {
			return e.of.c.explain(ctx, e.op, err)
		}
		after, err = e.state(changed)
		return err
	})
	return before, after, err
}

// prepare reads the object and its part and makes the patch; nil: none is needed.
func (e edit[T]) prepare(ctx context.Context) (object, patch rawObject, before T, err error) {
	if object, err = e.of.read(ctx, e.sub...); err != nil {
		return nil, nil, before, err
	}
	if before, err = e.state(object); err != nil {
		return nil, nil, before, err
	}
	patch, err = e.patch(object)
	return object, patch, before, err
}

func (e edit[T]) refuse(object rawObject) error {
	if e.refuses == nil {
		return nil
	}
	return e.refuses(object)
}

// version is that of the object as it was read, for the note.
func (e edit[T]) version(ctx context.Context, object, patch rawObject) (objectVersion, error) {
	whole, err := e.of.whole(ctx, object, e.sub)
	return versionSeen(whole, countedIn(namesIn(patch)...)), err
}

// preview rehearses the change on the server.
func (e edit[T]) preview(ctx context.Context) ([]provider.Change, error) {
	var object, changed rawObject
	err := overConflicts(ctx, func() error {
		var patch rawObject
		var err error
		if object, patch, _, err = e.prepare(ctx); err != nil || patch == nil {
			return err
		}
		if err := e.refuse(object); err != nil {
			return err
		}
		changed, err = e.of.patch(ctx, patching{typ: types.MergePatchType, body: pinned(patch, object), sub: e.sub, dry: true})
		if err != nil {
			return e.of.c.explain(ctx, "rehearse: "+e.op, err)
		}
		return nil
	})
	if err != nil || changed == nil {
		return []provider.Change{}, err
	}
	if e.complete != nil {
		e.complete(object)
		e.complete(changed)
	}
	return shown(differences(object, changed)), nil
}

// inquire compares the object with what was asked for and with what was noted.
func (e edit[T]) inquire(ctx context.Context, sent provider.Sent) (state provider.State, before, after T, why string, err error) {
	object, patch, now, err := e.prepare(ctx)
	if err != nil {
		return provider.Unknown, before, after, "", err
	}
	var note noted[T]
	if sent.Note != nil {
		if err := json.Unmarshal(sent.Note, &note); err != nil {
			return provider.Unknown, before, after, "", fmt.Errorf("read what was noted of %s: %w", e.of, err)
		}
	}
	switch {
	case patch == nil && sent.Note == nil:
		return provider.Done, now, now, e.of.String() + " is as asked for.", nil
	case patch == nil:
		return provider.Done, note.Before, now, e.of.String() + " is as asked for.", nil
	case sent.Note == nil:
		return provider.NotDone, before, after, e.of.String() + " is not as asked for, and nothing was noted before sending.", nil
	case same(note.Before, now):
		whole, err := e.of.whole(ctx, object, e.sub)
		switch {
		case err != nil:
			return provider.Unknown, before, after, "", err
		case !note.Version.holds(whole):
			return provider.Unknown, before, after, takenBack(e.of.String()), nil
		}
		return provider.NotDone, before, after, e.of.String() + " is as it was before.", nil
	}
	return provider.Unknown, before, after, e.of.String() + " is neither as asked for nor as it was before.", nil
}

// same compares as JSON does: an empty map and none are one.
func same[T any](a, b T) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y) || reflect.DeepEqual(a, b)
}
