package term

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClean(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"plain":          {"hello", "hello"},
		"wide":           {"日本 ✓ é", "日本 ✓ é"},
		"escape":         {"\x1b[2Jgone", `\x1b[2Jgone`},
		"C1 control":     {"a\u009b2J", `a\u009b2J`},
		"right to left":  {"a\u202eb", `a\u202eb`},
		"not UTF-8":      {"a\xffb", `a\xffb`},
		"Windows lines":  {"a\r\nb", "a\nb"},
		"bare return":    {"a\rb", `a\x0db`},
		"tab":            {"a\tb", "a    b"},
		"bell, del, nul": {"\a\x7f\x00", `\x07\x7f\x00`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCutAndPad(t *testing.T) {
	tests := map[string]struct {
		text  string
		width int
		want  string
	}{
		"fits":         {"abc", 3, "abc"},
		"padded":       {"ab", 4, "ab  "},
		"cut":          {"abcdef", 4, "abc…"},
		"wide cut":     {"日本語テキスト", 6, "日本… "},
		"wide padded":  {"日本", 5, "日本 "},
		"no room":      {"abc", 1, "a"},
		"none at all":  {"abc", 0, ""},
		"less than it": {"abc", -1, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Pad(Cut(tt.text, tt.width, "…"), tt.width); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"short":     {"a b", []string{"a b"}},
		"words":     {"one two three four", []string{"one two", "three four"}},
		"long word": {"a https://example.com/long b", []string{"a", "https://example.com/long", "b"}},
		"lines":     {"one\n\n  two three four", []string{"one", "", "  two three four"}},
		"wide":      {"日本語 テキスト です", []string{"日本語", "テキスト", "です"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Wrap(tt.text, 10)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
