package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestTAP holds reports against the grammar of TAP 14.
func TestTAP(t *testing.T) {
	readTAP(t, written(t, "tap", recorded(t, everything()...).Run(nil)), 11)
	for _, name := range texts() {
		t.Run(name, func(t *testing.T) { readTAP(t, written(t, "tap", recorded(t, hostile(nasty[name])...).Run(nil)), 7) })
	}
}

var (
	point = regexp.MustCompile(`^(not )?ok (\d+) - ((?:[^\\#]|\\[\\#])*?)(?: # (SKIP) ((?:[^\\#]|\\[\\#])+))?$`)
	plan  = regexp.MustCompile(`^1\.\.(\d+)$`)
	yaml  = regexp.MustCompile(`^  ([a-z_]+):(?: (.+))?$`)
	item  = regexp.MustCompile(`^    - (.+)$`)
)

// readTAP is a strict reader: nothing but what the specification has, in its order.
func readTAP(t *testing.T, text string, want int) {
	t.Helper()
	if !utf8.ValidString(text) || !strings.HasSuffix(text, "\n") {
		t.Fatal("no UTF-8, or no end of a line")
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "TAP version 14" {
		t.Fatalf("it begins with %q", lines[0])
	}
	found := plan.FindStringSubmatch(lines[1])
	if found == nil {
		t.Fatalf("%q is no plan", lines[1])
	}
	planned, _ := strconv.Atoi(found[1])
	number, inYAML, afterPoint := 0, false, false
	for i, line := range lines[2:] {
		fail := func(what string) { t.Fatalf("line %d, %s: %.300q", i+3, what, line) }
		if strings.ContainsFunc(line, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
			fail("a control character")
		}
		switch {
		case inYAML && line == "  ...":
			inYAML = false
		case inYAML:
			value := ""
			if f := yaml.FindStringSubmatch(line); f != nil {
				value = f[2]
			} else if f := item.FindStringSubmatch(line); f != nil {
				value = f[1]
			} else {
				fail("no YAML of ours")
			}
			if value != "" && !json.Valid([]byte(value)) {
				fail("no scalar")
			}
		case line == "  ---" && afterPoint:
			inYAML, afterPoint = true, false
		case strings.HasPrefix(line, "# "):
		case strings.HasPrefix(line, "Bail out!"):
		default:
			f := point.FindStringSubmatch(line)
			if f == nil {
				fail("no line of TAP")
			}
			if number++; f[2] != fmt.Sprint(number) || f[1] != "" && f[4] != "" {
				fail("a wrong number, or a skipped test that failed")
			}
			afterPoint = true
		}
	}
	if inYAML || number != planned || number != want {
		t.Errorf("%d tests, %d planned, want %d", number, planned, want)
	}
}
