package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
)

// templateEdit changes containers of a pod template, or of a pod itself.
type templateEdit[T any] struct {
	resource, namespace string
	// what names the change in errors: "images".
	what string
	// containers names those concerned, also among those that run before the others; nil: all of the others.
	containers []string
	// state reads what the containers concerned have.
	state func(containers []rawObject) (T, error)
	// set gives one container what is asked for.
	set func(container rawObject)
	// refuses says why the containers concerned and those that are said must not be changed.
	refuses func(containers []rawObject) error
	said    []string
}

func planTemplate[T any](ctx context.Context, c *client, t templateEdit[T]) (*edit[T], error) {
	s, err := c.subjectOf(ctx, t.resource, t.namespace)
	if err != nil {
		return nil, err
	}
	op := "set the " + t.what + " of " + s.String()
	return &edit[T]{
		of: s, op: op,
		state: func(object rawObject) (T, error) {
			var none T
			concerned, err := t.concerned(object)
			if err != nil {
				return none, wrong(op, err)
			}
			now, err := t.state(concerned)
			if err != nil {
				return none, wrong(op, err)
			}
			return now, nil
		},
		patch:   func(object rawObject) (rawObject, error) { return t.patch(object) },
		refuses: t.refusal(op),
	}, nil
}

// refusal is refuses for the whole object.
func (t templateEdit[T]) refusal(op string) func(rawObject) error {
	looked := t
	if t.containers != nil {
		looked.containers = together(t.containers, t.said)
	}
	return func(object rawObject) error {
		containers, err := looked.concerned(object)
		if err != nil {
			return wrong(op, err)
		}
		return t.refuses(containers)
	}
}

// podSpecAt is where a kind has its pod's specification.
func podSpecAt(object rawObject) []string {
	switch digText(object, "kind") {
	case "Pod":
		return []string{"spec"}
	case "CronJob":
		return []string{"spec", "jobTemplate", "spec", "template", "spec"}
	}
	return []string{"spec", "template", "spec"}
}

// lists are the fields that hold the containers.
func (t templateEdit[T]) lists() []string {
	if t.containers != nil {
		return []string{"containers", "initContainers"}
	}
	return []string{"containers"}
}

// concerned finds the containers; one that is named and not there is an error.
func (t templateEdit[T]) concerned(object rawObject) ([]rawObject, error) {
	var found []rawObject
	var names []string
	for _, list := range t.lists() {
		for _, container := range listAt(object, append(podSpecAt(object), list)...) {
			name := digText(container, "name")
			names = append(names, name)
			if c, ok := container.(rawObject); ok && t.concerns(name) {
				found = append(found, c)
			}
		}
	}
	if len(names) == 0 {
		return nil, errors.New("it has no pod template")
	}
	for _, name := range t.containers {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("it has no container %q; there are: %s", name, strings.Join(names, ", "))
		}
	}
	return found, nil
}

func (t templateEdit[T]) concerns(name string) bool {
	return t.containers == nil || slices.Contains(t.containers, name)
}

// patch holds the lists of containers whole: a merge patch can't reach into them, and every kind understands it.
func (t templateEdit[T]) patch(object rawObject) (rawObject, error) {
	at := podSpecAt(object)
	lists := rawObject{}
	for _, list := range t.lists() {
		before := listAt(object, append(slices.Clone(at), list)...)
		if before == nil {
			continue
		}
		after, _ := runtime.DeepCopyJSONValue(before).([]any)
		for _, container := range after {
			if c, ok := container.(rawObject); ok && t.concerns(digText(c, "name")) {
				t.set(c)
			}
		}
		if !reflect.DeepEqual(before, after) {
			lists[list] = after
		}
	}
	if len(lists) == 0 {
		return nil, nil
	}
	return wrapped(lists, at...), nil
}

// listAt finds a list by its keys; nil where there is none.
func listAt(object any, keys ...string) []any {
	list, _ := dig(object, keys...).([]any)
	return list
}

// optional is a list of one name, or nil for none.
func optional(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

func namesIn[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
