package local

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWordsOfWhatIsKept: however many instances keep something, it is told in one line, with a few of them.
func TestWordsOfWhatIsKept(t *testing.T) {
	one, two := Others{"kids[\"a\"]/w", []string{"x"}, nil}, Others{"kids[\"b\"]/w", []string{"y"}, nil}
	takers := []map[string]bool{{"done": true}, {"next": true}}
	for name, c := range map[string]struct {
		of   keptOf
		want []string
	}{
		"nothing": {keptOf{}, nil},
		"not the same in all branches": {keptOf{others: []Others{one, two}, takers: takers}, []string{
			`what for_each reads gives other instances now (for kids["a"]/w: x new): what has begun keeps its own (kids["a"]/w, kids["b"]/w), what has not goes by what is there now (done, next)`,
		}},
		"a value":     {keptOf{values: []string{"w[1]"}}, []string{"w[1] keeps the each.value that it began with"}},
		"many values": {keptOf{values: strings.Split("abcdefghij", "")}, []string{"each of a, b, c, d, e, f, g, h, and 2 more keeps the each.value that it began with"}},
	} {
		var got []string
		for _, line := range c.of.words() {
			line, _, _ = strings.Cut(line, "; what")
			got = append(got, line)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
