package term

import (
	"slices"
	"strings"
	"testing"
)

func TestFoldLine(t *testing.T) {
	for name, c := range map[string]struct {
		line  string
		width int
		want  []string
	}{
		"short":             {"a b", 10, []string{"a b"}},
		"no width":          {"a line that is not folded", 0, []string{"a line that is not folded"}},
		"at spaces":         {"one two three four", 9, []string{"one two", "    three", "    four"}},
		"spaces stay":       {"one  two   three four", 10, []string{"one  two", "    three", "    four"}},
		"laid out":          {"  WHERE id > 0 AND v = 'x'", 16, []string{"  WHERE id > 0", "      AND v =", "      'x'"}},
		"long word":         {"see https://example.com/a/long/path now", 12, []string{"see", "    https://example.com/a/long/path", "    now"}},
		"only a long word":  {"https://example.com/a/long/path", 12, []string{"https://example.com/a/long/path"}},
		"spaces at the end": {"https://example.com/a/long/path   ", 12, []string{"https://example.com/a/long/path   "}},
	} {
		t.Run(name, func(t *testing.T) {
			got := FoldLine(c.line, c.width)
			if !slices.Equal(got, c.want) {
				t.Errorf("FoldLine(%q, %d) = %q, want %q", c.line, c.width, got, c.want)
			}
		})
	}
}

func TestFoldLineLosesNothing(t *testing.T) {
	const line = "UPDATE t SET v = 'a-long-value' || v WHERE id > 0 -- the condition\u00e4 stands here AND v <> 'x' OR true"
	for width := 1; width < 100; width++ {
		if got := strings.Join(strings.Fields(strings.Join(FoldLine(line, width), " ")), " "); got != line {
			t.Fatalf("width %d: %q", width, got)
		}
	}
}
