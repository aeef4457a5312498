package run

import (
	"strings"
	"time"
)

// InUnits writes a duration without the units that are nothing, as a runbook and a flag take it: 15m, not 15m0s.
func InUnits(d time.Duration) string {
	text := d.String()
	for _, nothing := range []struct{ unit, zero string }{{"m", "0s"}, {"h", "0m"}} {
		if rest, ok := strings.CutSuffix(text, nothing.unit+nothing.zero); ok {
			text = rest + nothing.unit
		}
	}
	return text
}
