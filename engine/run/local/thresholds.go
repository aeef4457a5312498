package local

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// threshold evaluates a number against what it must be and what is worth a warning.
func (r *runner) threshold(t *lang.Threshold, local lang.Frame) *checked {
	c := &checked{outcome: run.Pass, Check: run.Check{Kind: run.KindThreshold, Name: t.Name, Unit: t.Unit, Place: place(t.Range)}}
	v, diags := r.scope.Value(t.Value, local)
	if diags.HasErrors() {
		return c.errored(fmt.Sprintf("threshold %q: %s", t.Name, text(diags)))
	}
	number, sensitive, problem := numberOf(v)
	if problem != "" {
		return c.errored(fmt.Sprintf("threshold %q: %s %s", t.Name, t.Value.Source, problem))
	}
	local.Value = v
	whole := strconv.FormatFloat(number, 'f', -1, 64)
	shown := lang.Blank
	if !sensitive && r.shown(whole) == whole { // what is shortened would not be known as a secret any more
		c.Value, shown = &number, whole
		if strings.Contains(shown, ".") {
			shown = strconv.FormatFloat(number, 'g', 6, 64)
		}
	}
	c.Message = strings.TrimSpace(fmt.Sprintf("%s %s %s", t.Name, shown, t.Unit))
	for _, side := range []struct {
		condition *lang.Expr
		wanted    bool // what keeps the step from the outcome
		outcome   run.Outcome
		word      string
	}{{t.Expect, true, run.Fail, "must be"}, {t.Warn, false, run.Warn, "warn at"}} {
		if side.condition == nil {
			continue
		}
		got := r.evaluateCondition(side.condition, local)
		if got.problem != "" {
			return c.errored(fmt.Sprintf("threshold %q: %s", t.Name, got.problem))
		}
		if got.holds == side.wanted {
			continue
		}
		c.outcome = side.outcome
		c.Expression, c.References = side.condition.Source, got.references
		c.Message += fmt.Sprintf(" (%s %s)", side.word, inWords(side.condition.Source))
		break
	}
	if c.Expression == "" {
		c.Expression = sources(t.Expect, t.Warn)
	}
	return c
}

func sources(expect, warn *lang.Expr) string {
	if expect == nil {
		return "not (" + warn.Source + ")"
	}
	return expect.Source
}

func (c *checked) errored(message string) *checked {
	c.outcome, c.Message = run.Error, message
	return c
}

// numberOf reads a threshold's value: only a number will do.
func numberOf(v cty.Value) (number float64, sensitive bool, problem string) {
	sensitive = v.HasMark(provider.Sensitive)
	v, _ = v.Unmark()
	switch {
	case v.IsNull():
		return 0, sensitive, "is null, and a threshold needs a number"
	case !v.IsKnown():
		return 0, sensitive, "is not known"
	case v.Type() != cty.Number:
		return 0, sensitive, fmt.Sprintf("is %s, and a threshold needs a number; use tonumber(…) if it holds one", v.Type().FriendlyName())
	}
	if number, _ = v.AsBigFloat().Float64(); math.IsInf(number, 0) {
		return 0, sensitive, "is too large a number to keep"
	}
	return number, sensitive, ""
}

// comparisons turn "value <= 30" into words.
var comparisons = []struct{ operator, words string }{
	{"<=", "%s or less"}, {">=", "%s or more"}, {"==", "%s"}, {"!=", "other than %s"}, {"<", "below %s"}, {">", "above %s"},
}

func inWords(condition string) string {
	rest, ok := strings.CutPrefix(strings.TrimSpace(condition), "value")
	if ok {
		rest = strings.TrimSpace(rest)
		for _, c := range comparisons {
			if bound, ok := strings.CutPrefix(rest, c.operator); ok && !strings.ContainsAny(bound, "&|?") {
				return fmt.Sprintf(c.words, strings.TrimSpace(bound))
			}
		}
	}
	return strings.Join(strings.Fields(condition), " ")
}
