package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
)

// TestDamageIsSaidOnce: of several findings each is told, and once that the history is damaged.
func TestDamageIsSaidOnce(t *testing.T) {
	var f findings
	for _, what := range []string{"the content of the file a has changed", "the content of the file b has changed"} {
		f.add(what, fmt.Errorf("%w: %s", journal.ErrDamaged, what))
	}
	f.add("01A", fmt.Errorf("run 01A: %w: none of its events is there", journal.ErrDamaged))
	const want = ": the content of the file a has changed; the content of the file b has changed; run 01A: none of its events is there"
	if got := f.err().Error(); got != journal.ErrDamaged.Error()+want || strings.Count(got, "damaged") != 1 {
		t.Error(got)
	}
}
