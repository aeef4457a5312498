package local

import (
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// TestManyRepeatedInstancesAreCounted, and not all named; those that count as done on somebody's word are told with that.
func TestManyRepeatedInstancesAreCounted(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	did := []placed{{address: `w["said"]`, at: at, word: "it counts as done"}}
	for _, key := range strings.Split("abcdefghij", "") {
		did = append(did, placed{address: run.Address("w", key, true), at: at})
	}
	told := repeatWords("in/", did)
	if len(told) != 2 || !strings.Contains(told[0], `step in/w["said"] was in doubt, and runs again: it counts as done`) ||
		!strings.HasPrefix(told[1], "step in/w was carried out 10 times, last at ") || !strings.HasSuffix(told[1], `in/w["g"], in/w["h"], and 2 more`) {
		t.Errorf("%q", told)
	}
}
