package kubernetes

import (
	"cmp"
	"fmt"
	"slices"
)

// counted is "1 pod" or "2 pods".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// keyChanges says how many entries of a map are other than before: "2 labels changed".
func keyChanges[V comparable](noun string, before, after map[string]V) string {
	n := 0
	for key, value := range after {
		if old, ok := before[key]; !ok || old != value {
			n++
		}
	}
	for key := range before {
		if _, ok := after[key]; !ok {
			n++
		}
	}
	if n == 0 {
		return "nothing to change"
	}
	return counted(n, noun) + " changed"
}

// warnTruncated tells the person who reads the run that a check saw only a part.
func warnTruncated(warn func(string, ...any), truncated bool, q query) {
	if truncated {
		warn("%s: only the first %d were read; raise limit to see the rest", q.op(), q.limit)
	}
}

// place is an object's namespace and name, by which lists are sorted.
type place struct{ namespace, name string }

func (p place) String() string { return p.namespace + "/" + p.name }

func sortByPlace[T any](items []T, of func(*T) place) {
	slices.SortFunc(items, func(a, b T) int {
		x, y := of(&a), of(&b)
		return cmp.Or(cmp.Compare(x.namespace, y.namespace), cmp.Compare(x.name, y.name))
	})
}

// namesOf lists "namespace/name" of the items that match, in their order.
func namesOf[T any](items []T, of func(*T) place, match func(*T) bool) []string {
	var names []string
	for i := range items {
		if match(&items[i]) {
			names = append(names, of(&items[i]).String())
		}
	}
	return names
}
