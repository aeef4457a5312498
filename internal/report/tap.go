package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/internal/term"
)

// tap writes TAP, version 14 (https://testanything.org/tap-version-14-specification.html). Values of its YAML are JSON, which YAML 1.2
// contains.
type tap struct{ *bufio.Writer }

func writeTAP(w *bufio.Writer, r *Run) error {
	t := tap{w}
	cases := r.cases()
	t.line("TAP version 14")
	t.line(fmt.Sprintf("1..%d", len(cases)))
	t.comment(r.title())
	for _, fact := range r.facts() {
		t.comment(fact[0] + ": " + fact[1])
	}
	for i, c := range cases {
		t.test(i+1, c)
	}
	t.comment(r.stands())
	for _, line := range r.leftLines() {
		t.comment("left to look at: " + line)
	}
	if next := r.next(); r.State == BrokenOff {
		t.line("Bail out! " + escapeTAP(next))
	} else if next != "" {
		t.comment(next)
	}
	return nil
}

func (t tap) line(text string) { fmt.Fprintln(t, text) } //nolint:errcheck // the writer keeps it for its end

func (t tap) comment(text string) { t.line("# " + term.CleanLine(text)) }

// field is a field of the diagnostics of a test.
type field struct {
	name  string
	value any
	show  bool
}

// test writes a test point, and below it what it saw.
func (t tap) test(number int, c testCase) {
	text := fmt.Sprintf("ok %d - %s", number, escapeTAP(c.name))
	switch c.verdict {
	case failed, erred:
		text = "not " + text
	case skipped:
		text += " # SKIP " + escapeTAP(orElse(c.message, string(c.did.Outcome)))
	}
	t.line(text)
	fields := []field{
		{"outcome", c.did.Outcome, c.did.Outcome != "" && c.did.Outcome != "pass"},
		{"message", c.message, c.verdict != skipped && c.message != ""},
		{"at", c.source, c.source != "" && c.verdict != passed},
		{"duration_ms", c.did.DurationMS, c.did.ran()},
		{"evidence", c.evidence, len(c.evidence) > 0},
		{"output", c.out, len(c.out) > 0},
	}
	fields = slices.DeleteFunc(fields, func(f field) bool { return !f.show })
	if len(fields) == 0 {
		return
	}
	t.line("  ---")
	for _, f := range fields {
		t.field(f.name, f.value)
	}
	t.line("  ...")
}

// field writes a field of the diagnostics, a list one element a line.
func (t tap) field(name string, value any) {
	lines, ok := value.([]string)
	if !ok {
		t.line("  " + name + ": " + scalar(value))
		return
	}
	t.line("  " + name + ":")
	for _, line := range lines {
		t.line("    - " + scalar(line))
	}
}

// scalar writes a value as JSON, without characters that YAML or a terminal may not have.
func scalar(value any) string {
	if text, ok := value.(string); ok {
		value = term.Clean(text)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return `""` // a text or a number always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// escapeTAP writes a text as a description or a reason may have it: on one line, and without the sign that begins a directive.
func escapeTAP(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\n", " ")
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(term.CleanLine(text))
}
