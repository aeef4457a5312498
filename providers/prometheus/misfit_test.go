package prometheus

import (
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestRangeMisfits(t *testing.T) {
	for name, c := range map[string]struct {
		args           rangeArgs
		argument, says string
	}{
		"in order":         {rangeArgs{Start: "0", End: "60", Step: time.Second}, "", ""},
		"one moment":       {rangeArgs{Start: "60", End: "60", Step: time.Second}, "", ""},
		"reversed":         {rangeArgs{Start: "60", End: "0", Step: time.Second}, "end", "is before start"},
		"too many":         {rangeArgs{Start: "0", End: "86400", Step: time.Second}, "step", "make step at least"},
		"no moment at all": {rangeArgs{Start: "yesterday", End: "0", Step: time.Second}, "", ""},
	} {
		got := rangeMisfits(&c.args, func(string) bool { return true })
		if why := got[c.argument]; len(got) != len(c.argument[:min(1, len(c.argument))]) || !strings.Contains(why, c.says) {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, c := range map[string]struct{ good, bad []string }{
		"objective": {[]string{"99.9", "1"}, []string{"0", "100", "-1"}},
		"positive":  {[]string{"1ms", "5m"}, []string{"0s", "-5m"}},
	} {
		check := New().Check(provider.Host{}, name)
		for _, value := range c.good {
			if err := check(value); err != nil {
				t.Errorf("%s of %q: %v", name, value, err)
			}
		}
		for _, value := range c.bad {
			if check(value) == nil {
				t.Errorf("%s accepts %q", name, value)
			}
		}
	}
}
