package kubernetes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/e82355ed/runbook/engine/provider"
)

// refusePruning refuses to apply manifests that don't name what an earlier apply by the same field manager had set: the server would
// remove it, whoever counts on it. Who wants that says prune.
func refusePruning(states []applied, a *applyArgs) error {
	for _, s := range states {
		lost := pruned(s.before, s.after, a.FieldManager)
		if a.Prune || len(lost) == 0 {
			continue
		}
		const most = 10
		more := ""
		if len(lost) > most {
			lost, more = lost[:most], fmt.Sprintf(" and %d more", len(lost)-most)
		}
		return &provider.Error{
			Op: "apply " + s.of.String(), NothingDone: true, Permanent: true,
			Err: fmt.Errorf("the manifest does not name what an earlier apply by the field manager %s had set, and the server would remove it: %s%s",
				a.FieldManager, strings.Join(lost, ", "), more),
			Hint: "Nothing was changed. Name it in the manifest, or take a field_manager of your own, or set prune = true to have it removed.",
		}
	}
	return nil
}

// pruned are the fields that the manager owned by an apply, gives up with the next one, and that are gone or otherwise by that.
func pruned(before, after rawObject, manager string) []string {
	var lost []string
	prune(appliedBy(before, manager), appliedBy(after, manager), anyOf(unmarked(before)), anyOf(unmarked(after)), "", &lost)
	return lost
}

// appliedBy is what of an object a manager owns by applying it, as the server tells it (fieldsV1).
func appliedBy(object rawObject, manager string) rawObject {
	for _, entry := range listAt(object, "metadata", "managedFields") {
		if digText(entry, "manager") == manager && digText(entry, "operation") == "Apply" && digText(entry, "subresource") == "" {
			fields, _ := dig(entry, "fieldsV1").(rawObject)
			return fields
		}
	}
	return nil
}

func prune(owned, kept rawObject, before, after any, path string, lost *[]string) {
	for _, step := range namesIn(owned) {
		was, there := stepInto(before, step)
		if !there {
			continue // also of ".", which means the field itself
		}
		is, still := stepInto(after, step)
		below, _ := owned[step].(rawObject)
		keptBelow, keeps := kept[step].(rawObject)
		leaf := len(slices.DeleteFunc(slices.Collect(maps.Keys(below)), func(name string) bool { return name == "." })) == 0
		switch {
		case !keeps && (!still || leaf && !reflect.DeepEqual(was, is)):
			*lost = append(*lost, path+stepText(step))
		case !leaf:
			prune(below, keptBelow, was, is, path+stepText(step), lost)
		}
	}
}

// stepInto goes down one step of fieldsV1: "f:" and a field, "k:" and the keys of an element, "v:" and an element, "i:" and an index.
func stepInto(value any, step string) (any, bool) {
	kind, rest, _ := strings.Cut(step, ":")
	list, _ := value.([]any)
	var wanted any
	if kind == "k" || kind == "v" {
		if err := kjson.Unmarshal([]byte(rest), &wanted); err != nil {
			return nil, false
		}
	}
	switch kind {
	case "f":
		fields, _ := value.(rawObject)
		field, there := fields[rest]
		return field, there
	case "i":
		if i, err := strconv.Atoi(rest); err == nil && i >= 0 && i < len(list) {
			return list[i], true
		}
	case "v":
		return wanted, slices.ContainsFunc(list, func(one any) bool { return reflect.DeepEqual(one, wanted) })
	case "k":
		keys, _ := wanted.(rawObject)
		at := slices.IndexFunc(list, func(one any) bool {
			for name, value := range keys {
				if !reflect.DeepEqual(dig(one, name), value) {
					return false
				}
			}
			return true
		})
		if at >= 0 {
			return list[at], true
		}
	}
	return nil, false
}

// stepText is the step in a path: .spec, ['app.kubernetes.io/name'], [{"name":"api"}].
func stepText(step string) string {
	kind, rest, _ := strings.Cut(step, ":")
	if kind == "f" {
		return difference{path: []any{rest}}.String()
	}
	return "[" + rest + "]"
}
