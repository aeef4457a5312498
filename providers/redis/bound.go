package redis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/e82355ed/runbook/engine/provider"
)

// bound cuts an answer that is longer than a number of bytes: what is kept goes into the run's memory and journal.
type bound struct {
	room int
	host provider.Host
	cut  bool
}

// scalarBytes is what a number, a bool, a null or an element beside its own length counts.
const scalarBytes = 8

// value gives of an answer what there is room for: the start of a string, the first elements of a list, the first
// fields of a map by name.
func (b *bound) value(v any) any {
	switch v := v.(type) {
	case string:
		kept := b.text(v)
		b.room -= len(kept)
		return kept
	case []any:
		for i := range v {
			if b.full() {
				return v[:i]
			}
			v[i] = b.value(v[i])
		}
		return v
	case map[any]any:
		kept := make(map[any]any, len(v))
		for _, k := range slices.SortedFunc(maps.Keys(v), func(x, y any) int { return cmp.Compare(fmt.Sprint(x), fmt.Sprint(y)) }) {
			if b.full() {
				return kept
			}
			b.room -= len(fmt.Sprint(k))
			kept[k] = b.value(v[k])
		}
		return kept
	}
	return v
}

// full reports whether there is no room for a further element, and takes it where there is.
func (b *bound) full() bool {
	if b.room < scalarBytes {
		b.cut = true
		return true
	}
	b.room -= scalarBytes
	return false
}

// text cuts a string, and not within a character.
func (b *bound) text(s string) string {
	if len(s) <= b.room {
		return s
	}
	b.cut = true
	end := max(b.room, 0)
	if utf8.ValidString(s) {
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
	}
	return b.host.Cut(s[:end])
}
