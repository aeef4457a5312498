package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
)

// TestCheckLines: the verdict and what to do come first, and what the store says comes last, of which there is no end.
func TestCheckLines(t *testing.T) {
	report := journal.Report{
		Runs: 3, Readable: 2, Events: 19, Whole: []string{"01A", "01B"},
		Damaged: []journal.DamagedRun{{Run: "01C", Events: 1, Error: "page 7:\nbtreeInitPage() returns error code 11"}},
	}
	want := []string{
		"/srv/h.db is damaged. Of 3 runs, 2 can be read in full; 19 events of all can be read.",
		"In full:", "  01A", "  01B",
		"Up to the damage:", "  01C  1 event",
		"Put /srv/h.db in safety as it is, with /srv/h.db-wal if that is beside it, and have nothing written into it any more.",
		"What can be read is shown by: runbook runs --store /srv/h.db, and by: runbook show RUN --store /srv/h.db",
		"New runs go on in another file, which --store or RUNBOOK_STORE names.",
		"What the store says of it:", "  01C: page 7: btreeInitPage() returns error code 11",
	}
	if diff := cmp.Diff(want, checkLines("/srv/h.db", report)); diff != "" {
		t.Error(diff)
	}
	for i := range 100 {
		report.Problems = append(report.Problems, fmt.Sprintf("row %d missing from index %s", i, strings.Repeat("x", 1000)))
	}
	got := checkLines("h.db", report)
	from := slices.Index(got, "What the store says of it:")
	if from < 0 || len(got)-from != mostSaid+2 || got[len(got)-1] != "  and 91 more, which --json lists" || len(strings.Join(got[from:], "\n")) > 3000 {
		t.Errorf("the store says without an end:\n%s", strings.Join(got[from:], "\n"))
	}
	address := "postgres://bob@db/history"
	if got := checkLines(address, report); !slices.Contains(got, "Have the database restored, and go on with another history until then: --store FILE.") {
		t.Errorf("of a database: %v", got)
	}
	for text, sound := range map[string]journal.Report{"h.db is empty: no run is kept in it yet.": {}, "1 run can be read, and nothing is damaged.": {Runs: 1, Readable: 1}} {
		if diff := cmp.Diff([]string{text}, checkLines("h.db", sound)); diff != "" {
			t.Error(diff)
		}
	}
}
