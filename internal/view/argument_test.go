package view

import (
	"strings"
	"testing"

	"github.com/e82355ed/runbook/internal/term"
)

func TestArgumentIsShownWhole(t *testing.T) {
	c := Config{Glyphs: term.Unicode(), Redact: strings.NewReplacer("hunter2", "(sensitive)").Replace}
	for name, one := range map[string]struct {
		value string
		width int
		want  string
	}{
		"a number":           {`5`, 40, "x = 5"},
		"one line":           {`"a\tb"`, 40, `x = "a\tb"`},
		"ends with a line":   {`"SELECT 1\n"`, 40, `x = "SELECT 1\n"`},
		"lines":              {`"UPDATE t\n  SET v = \"x\"\nWHERE id = 1\n"`, 40, "x =\n  UPDATE t\n    SET v = \"x\"\n  WHERE id = 1"},
		"lines are folded":   {`"UPDATE t SET v = 1\nWHERE id = 1 AND w = 2"`, 16, "x =\n  UPDATE t SET v\n      = 1\n  WHERE id = 1\n      AND w = 2"},
		"an expression":      {"<<-Q\n  UPDATE ${var.t}\nQ", 40, "x =\n  <<-Q\n    UPDATE ${var.t}\n  Q"},
		"secrets":            {`"SET\nhunter2"`, 40, "x =\n  SET\n  (sensitive)"},
		"control characters": {`"a\u001b[2J\nb"`, 40, "x =\n  a\\x1b[2J\n  b"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(c.Argument("x", one.value, "", one.width), "\n"); got != one.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, one.want)
			}
		})
	}
}

func TestHugeArgumentSaysWhatIsLeftOut(t *testing.T) {
	c := Config{Glyphs: term.ASCII()}
	whole := `"` + strings.Repeat("é", mostOfArgument/2-1) + `"`
	if got := c.Argument("x", whole, "look", 0); len(got) != 1 || got[0] != "x = "+whole {
		t.Errorf("%d bytes are cut", len(whole))
	}
	got := c.Argument("x", `"`+strings.Repeat("é", mostOfArgument), "runbook plan x.hcl --json", 0)
	if want := "... 16386 more bytes are not shown here; see them with: runbook plan x.hcl --json"; len(got) != 2 || got[1] != want {
		t.Errorf("got %q, want %q", got[1:], want)
	}
	if strings.Contains(got[0], `\x`) {
		t.Error("a character is cut in two")
	}
}
