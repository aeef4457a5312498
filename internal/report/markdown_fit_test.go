package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

// TestLongTextsAreCut in Markdown, which has to fit into a ticket, and that is said, with where the rest is.
func TestLongTextsAreCut(t *testing.T) {
	end := finished("a", "error", "it erred")
	end.Detail = strings.Repeat("a line\n", 1000)
	got := fitsIntoATicket(t, begun(), started("a", "http_request", "read"), end)
	if len(got) > 3000 || !strings.Contains(got, "The rest is left out here.") {
		t.Errorf("%d bytes:\n%.2000s", len(got), got)
	}
}

// fitsIntoATicket writes a report of which something is left out.
func fitsIntoATicket(t *testing.T, events ...run.Event) string {
	t.Helper()
	got := written(t, "markdown", recorded(t, events...).Run(nil))
	readMarkdown(t, got)
	if want := "\n> Not all of it has room here. The whole is told by: runbook show " + runID; len(got) > mostInAll || !strings.Contains(got, want) {
		t.Errorf("%d bytes\n%.2000s", len(got), got)
	}
	return got
}

// TestWhateverARunSaysFitsIntoATicket: no text, and no number of steps, questions, undos or sessions makes the report longer than GitHub takes.
func TestWhateverARunSaysFitsIntoATicket(t *testing.T) {
	long := strings.Repeat("*long <text> ", 16_000)
	var many []run.Event
	for i := range 700 {
		step := fmt.Sprintf("w[\"%d\"]", i)
		undone := run.Event{Type: run.UndoFinished, Step: step, Undoes: int64(i), Outcome: run.Fail, Summary: "READONLY"}
		many = append(many, asks(step, approval(long[:1500])), answered(step, "bob", long[:1500]), finished(step, run.Fail, "503 "+long[:600]), undone)
		many = append(many, asks(fmt.Sprintf("q%d", i), approval(long[:1500])))
	}
	shows := finished("s", run.Pass, "OK")
	shows.Show = []byte(`"` + long + `"`)
	one := asks("q", approval(long))
	for name, events := range map[string][]run.Event{
		"a message":  {finished("a", run.Fail, long)},
		"a prompt":   {one},
		"an error":   {{Type: run.StepFinished, Step: "a", Outcome: run.Blocked, Error: long}},
		"a name":     {finished(`a["`+strings.ReplaceAll(long, " ", "-")+`"]`, run.Fail, "503")},
		"what shows": {shows},
		"many":       many,
		"all":        append(append([]run.Event{}, many...), shows, one, finished("a", run.Fail, long)),
		"everything": append(hostile(long), many...),
	} {
		t.Run(name, func(t *testing.T) {
			got := fitsIntoATicket(t, append([]run.Event{begun()}, events...)...)
			if len(events) > len(many)-1 && !strings.Contains(got, "\nand ") {
				t.Error("it does not say how many are left out")
			}
			if !strings.Contains(got, "## The run\n") {
				t.Error("its end is missing")
			}
		})
	}
}

// TestNothingIsLeftOutOfWhatFits, and then nothing is said of it.
func TestNothingIsLeftOutOfWhatFits(t *testing.T) {
	got := written(t, "markdown", recorded(t, everything()...).Run(nil))
	if strings.Contains(got, "room") || strings.Contains(got, "more") {
		t.Error(got)
	}
}

// TestRoomIsGivenOn: a block has its share in any case, and what the others don't need besides.
func TestRoomIsGivenOn(t *testing.T) {
	of := func(share, n int) block {
		return block{share: share, entries: strings.Split(strings.Repeat("123456789\n,", n-1)+"123456789\n", ",")}
	}
	for name, tc := range map[string]struct {
		first, second int
		want          [2]int
	}{
		"both fit":             {20, 20, [2]int{20, 20}},
		"the first is long":    {1000, 20, [2]int{70, 20}},
		"the second is long":   {20, 1000, [2]int{20, 75}},
		"both take their part": {1000, 1000, [2]int{45, 48}},
	} {
		t.Run(name, func(t *testing.T) {
			texts, fits := fitted([]block{of(50, tc.first), {share: 1}, of(50, tc.second)}, 1000)
			got := [2]int{strings.Count(texts[0], "123"), strings.Count(texts[1], "123")}
			if all := len(texts[0]) + len(texts[1]); got != tc.want || fits != (name == "both fit") || all > 1000 {
				t.Errorf("%v, %t, %d bytes", got, fits, all)
			}
		})
	}
}
