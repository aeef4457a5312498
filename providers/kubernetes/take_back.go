package kubernetes

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// takeBack is a JSON Patch that takes differences back, of an object that is as after: it begins with tests, so that it changes nothing
// where somebody else has changed one of the fields since. Of a field in a list the element's name is tested too, as it may have moved.
func takeBack(found []difference, after rawObject) []any {
	operations := []any{}
	tested := map[string]bool{}
	test := func(path []any, value any) {
		if at := pointerOf(path); !tested[at] {
			tested[at] = true
			operations = append(operations, rawObject{"op": "test", "path": at, "value": value}) // null: there is no such field
		}
	}
	found = byName(found, after)
	for _, d := range found {
		for i, step := range d.path {
			if _, index := step.(int); !index || i == len(d.path)-1 {
				continue
			}
			name := append(slices.Clone(d.path[:i+1]), "name")
			if text, ok := lookUpPath(after, name).(string); ok {
				test(name, text)
			}
		}
		test(d.path, d.after)
	}
	for _, d := range slices.Backward(found) {
		switch {
		case d.before == nil:
			operations = append(operations, rawObject{"op": "remove", "path": pointerOf(d.path)})
		case d.after == nil:
			operations = append(operations, rawObject{"op": "add", "path": pointerOf(d.path), "value": d.before})
		default:
			operations = append(operations, rawObject{"op": "replace", "path": pointerOf(d.path), "value": d.before})
		}
	}
	return operations
}

// byName tells labels and annotations one by one where there were none before, or are none after: others have theirs beside them, and
// the number that a controller writes is not told as a difference.
func byName(found []difference, after rawObject) []difference {
	var out []difference
	for _, d := range found {
		at := pointerOf(d.path)
		values, beside := d.after, d.before == nil
		if d.after == nil {
			values, beside = d.before, lookUpPath(after, d.path) != nil
		}
		entries, _ := values.(rawObject)
		if at != "/metadata/labels" && at != "/metadata/annotations" || !beside {
			out = append(out, d)
			continue
		}
		for _, name := range namesIn(entries) {
			one := difference{path: append(slices.Clone(d.path), name), before: dig(d.before, name), after: dig(d.after, name)}
			out = append(out, one)
		}
	}
	return out
}

// pointerOf is a path as JSON Patch writes it (RFC 6901).
func pointerOf(path []any) string {
	var text strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, step := range path {
		_, _ = fmt.Fprintf(&text, "/%s", escape.Replace(fmt.Sprint(step)))
	}
	return text.String()
}

// lookUpPath finds a value by keys and indices; nil where there is none.
func lookUpPath(value any, path []any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			value = dig(value, step)
		case int:
			list, _ := value.([]any)
			if step < 0 || step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

// lookUpPointer is lookUpPath by a path as JSON Patch writes it.
func lookUpPointer(value any, pointer string) any {
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if list, ok := value.([]any); ok {
			var index int
			if _, err := fmt.Sscanf(step, "%d", &index); err != nil || index < 0 || index >= len(list) {
				return nil
			}
			value = list[index]
			continue
		}
		value = dig(value, unescape.Replace(step))
	}
	return value
}

// refuseTests refuses a JSON Patch whose first operations are tests that do not hold of the object: the server would, and would not say
// what is there.
func (p patching) refuseTests(op string, object rawObject) error {
	operations, _ := p.body.([]any)
	for _, o := range operations {
		path := digText(o, "path")
		if digText(o, "op") != "test" {
			return nil
		}
		expected, is := dig(o, "value"), lookUpPointer(object, path)
		if path == "" || reflect.DeepEqual(expected, is) {
			continue
		}
		what := path + " is not as the patch expects it"
		if !p.hush {
			what = fmt.Sprintf("%s is %s, where the patch expects %s", path, told(textOf(is), is != nil), told(textOf(expected), expected != nil))
		}
		return others(op, what, `leave the tests out: patch = [for o in self.undo : o if o.op != "test"]`)
	}
	return nil
}
