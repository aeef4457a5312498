package kubernetes

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// difference is one field of an object that two states of it do not share. A nil side has no such field.
type difference struct {
	path          []any // keys (string) and indices (int)
	before, after any
}

// differences compares what is asked for in two states of an object; nil stands for no object.
func differences(before, after rawObject) []difference {
	var found []difference
	compare(nil, anyOf(asked(before)), anyOf(asked(after)), &found)
	return found
}

// anyOf keeps a nil map from being a value that is not nil.
func anyOf(object rawObject) any {
	if object == nil {
		return nil
	}
	return object
}

func compare(path []any, before, after any, found *[]difference) {
	x, xMap := before.(rawObject)
	y, yMap := after.(rawObject)
	if xMap && yMap {
		keys := slices.Collect(maps.Keys(x))
		for key := range y {
			if _, ok := x[key]; !ok {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			compare(append(slices.Clone(path), key), x[key], y[key], found)
		}
		return
	}
	p, pList := before.([]any)
	q, qList := after.([]any)
	if pList && qList && len(p) == len(q) {
		for i := range p {
			compare(append(slices.Clone(path), i), p[i], q[i], found)
		}
		return
	}
	if !reflect.DeepEqual(before, after) {
		*found = append(*found, difference{path: path, before: before, after: after})
	}
}

// String is the path as JSONPath writes it: .spec.containers[0].image.
func (d difference) String() string {
	var text strings.Builder
	for _, step := range d.path {
		switch step := step.(type) {
		case int:
			_, _ = fmt.Fprintf(&text, "[%d]", step)
		case string:
			if strings.ContainsAny(step, "./[]'") {
				_, _ = fmt.Fprintf(&text, "['%s']", step)
			} else {
				text.WriteString("." + step)
			}
		}
	}
	if text.Len() == 0 {
		return "."
	}
	return text.String()
}

// concealedText stands for a value of a Secret.
const concealedText = "(sensitive)"

// conceal hides what a Secret holds, its annotations included: one of them may hold the manifest.
func conceal(r resource, found []difference) []difference {
	if r.kind != "Secret" || r.group != "" {
		return found
	}
	hidden := slices.Clone(found)
	for i, d := range hidden {
		head := fmt.Sprint(append(slices.Clone(d.path), "", "")[:2]...)
		open := strings.HasPrefix(head, "type") || strings.HasPrefix(head, "immutable") || strings.HasPrefix(head, "metadatalabels")
		if open {
			continue
		}
		if d.before != nil {
			hidden[i].before = concealedText
		}
		if d.after != nil {
			hidden[i].after = concealedText
		}
	}
	return hidden
}

// changesOf shows differences in a result, each below the object's name.
func changesOf(name string, found []difference) []changeResult {
	out := make([]changeResult, len(found))
	for i, d := range found {
		out[i] = changeResult{Path: name + ": " + d.String(), Before: jsonOf(d.before), After: jsonOf(d.after)}
	}
	return out
}

// shown shows differences before they are made.
func shown(found []difference) []provider.Change {
	out := make([]provider.Change, len(found))
	for i, d := range found {
		out[i] = provider.Change{Path: strings.TrimPrefix(d.String(), "."), Before: textOf(d.before), After: textOf(d.after)}
	}
	return out
}

// jsonOf is null for no value.
func jsonOf(value any) *string {
	if value == nil {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil { // it came from JSON
		text = []byte(fmt.Sprint(value))
	}
	s := string(text)
	return &s
}

// textOf leaves strings without quotes.
func textOf(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	if text := jsonOf(value); text != nil {
		return *text
	}
	return ""
}
