package view

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
)

// fact is the one thing that matters of a step that ended: what the run made its summary (a threshold's value, an
// assertion's message, the action's own line), else why it did not run or could not. It is not cleaned yet.
func fact(e *run.Event, checks []run.Event) string {
	return firstOf(e.Summary, e.Error, holds(checks))
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func holds(checks []run.Event) string {
	switch len(checks) {
	case 0:
		return ""
	case 1:
		return "1 check holds"
	}
	return fmt.Sprintf("%d checks hold", len(checks))
}

// saysNoMore reports whether a message only repeats its condition and the values that are shown below it anyway.
func saysNoMore(c *run.Event) bool {
	condition := strings.Join(strings.Fields(c.Expression), " ")
	return condition != "" && strings.HasPrefix(c.Message, condition+" does not hold")
}

// isPlainThreshold reports whether a threshold's message has its value and limit, so that its condition adds nothing.
func isPlainThreshold(c *run.Event) bool {
	return c.Kind == run.KindThreshold && c.Value != nil && len(c.References) <= 1
}
