package redis

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBound(t *testing.T) {
	for name, test := range map[string]struct {
		in   any
		room int
		want any
		cut  bool
	}{
		"fits":        {"abc", 3, "abc", false},
		"string":      {"abcd", 3, "abc", true},
		"character":   {"aé☃", 4, "aé", true},
		"binary":      {"\xff\xa0\xa0", 2, "\xff\xa0", true},
		"number":      {int64(1), 0, int64(1), false},
		"list fits":   {[]any{"a", int64(1), nil}, 25, []any{"a", int64(1), nil}, false},
		"list":        {[]any{"a", "b", "c"}, 18, []any{"a", "b"}, true},
		"nested list": {[]any{[]any{"aaa", "b"}, "c"}, 20, []any{[]any{"aaa"}}, true},
		"map":         {map[any]any{"b": "2", "a": "1"}, 11, map[any]any{"a": "1"}, true},
		"empty":       {[]any{}, 0, []any{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := bound{room: test.room}
			if diff := cmp.Diff(test.want, b.value(test.in)); diff != "" || b.cut != test.cut {
				t.Errorf("cut is %v\n%s", b.cut, diff)
			}
		})
	}
}
