package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// unreachable are contacts whose notifications surely are not sent, or nobody knows of.
func unreachable(problems map[string]error) func(context.Context, string, int) error {
	return func(_ context.Context, id string, _ int) error { return problems[id] }
}

// TestNotifyTheOneBefore: where the last of the levels that fell due together can't be told, the one before it is, once, and it
// is told why; where none can be, that is told, with whom to call.
func TestNotifyTheOneBefore(t *testing.T) {
	refused, doubt := enginetest.ErrUnreachable(), errors.New("the answer never came")
	for name, test := range map[string]struct {
		problems map[string]error
		retry    string
		pages    string
		notices  []string
		instead  []int
		nobody   []int
	}{
		"the last is told":    {nil, "", "page-3", []string{"3 started", "3 pass", "1 skipped"}, nil, nil},
		"the last can't be":   {map[string]error{"page-3": refused}, "", "page-3 page-1", []string{"3 started", "3 error", "1 started", "1 pass"}, []int{3}, nil},
		"nobody knows":        {map[string]error{"page-3": doubt}, "", "page-3 page-1", []string{"3 started", "3 error in doubt", "1 started", "1 pass"}, []int{3}, nil},
		"none can be":         {map[string]error{"page-3": refused, "page-1": refused}, "", "page-3 page-1", []string{"3 started", "3 error", "1 started", "1 error"}, []int{3}, []int{1, 2, 3}},
		"the first in doubt":  {map[string]error{"page-3": refused, "page-1": doubt}, "", "page-3 page-1", []string{"3 started", "3 error", "1 started", "1 error in doubt"}, []int{3}, []int{1, 2, 3}},
		"tried again at once": {map[string]error{"page-3": refused, "page-1": refused}, `retry { delay = "1ms" }`, "page-3 page-1 page-1 page-1", []string{"3 started", "3 error", "1 started", "1 error"}, []int{3}, []int{1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{Do: unreachable(test.problems)}
			j, id := waitingFor(t, fake, fmt.Sprintf(paging, test.retry), 45*time.Minute)
			out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
			out.Pauses(t)
			if diff := cmp.Diff(test.notices, notices(out)); diff != "" || pages(fake) != test.pages {
				t.Errorf("%s%q\n%s", diff, fake.Log(), out.Stream)
			}
			instead, nobody := insteadAndNobody(out)
			if !slices.Equal(instead, test.instead) || !slices.Equal(nobody, test.nobody) {
				t.Errorf("instead of %v, and nobody of %v\n%s", instead, nobody, out.Stream)
			}
			again := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
			if len(notices(again)) > 0 || pages(fake) != test.pages {
				t.Errorf("%q\n%s", fake.Log(), again.Stream)
			}
		})
	}
}

// insteadAndNobody is what the last notification that began is instead of, and the levels of which nobody was told in the end.
func insteadAndNobody(out enginetest.Outcome) (instead, nobody []int) {
	for _, e := range out.Events {
		switch e.Type {
		case run.NotifyStarted:
			instead = e.InsteadOf
		case run.NotifyFinished:
			for _, l := range e.NobodyTold {
				nobody = append(nobody, l.Number)
			}
		}
	}
	return instead, nobody
}

// TestNotifyTheOneBeforeOfTwo: those due at one moment are told together, and those before only where none of them could be.
func TestNotifyTheOneBeforeOfTwo(t *testing.T) {
	text := strings.Replace(fmt.Sprintf(paging, ""), "  level {\n    contact = \"Bob\"\n    after   = \"20m\"\n", `  level {
    contact = "Bob"
    after   = "30m"
    notify "fake_write" { id = "page-2" }
`, 1)
	for name, test := range map[string]struct {
		problems []string
		want     []string
	}{
		"one":  {[]string{"page-3"}, []string{"page-2", "page-3"}},
		"both": {[]string{"page-2", "page-3"}, []string{"page-1", "page-2", "page-3"}},
	} {
		t.Run(name, func(t *testing.T) {
			problems := map[string]error{}
			for _, id := range test.problems {
				problems[id] = enginetest.ErrUnreachable()
			}
			fake := &enginetest.Fake{Do: unreachable(problems)}
			j, id := waitingFor(t, fake, text, 45*time.Minute)
			out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
			if diff := cmp.Diff(test.want, slices.Sorted(slices.Values(fake.Log()))); diff != "" {
				t.Errorf("%s%s", diff, out.Stream)
			}
		})
	}
}

// TestNotifyTheOneBeforeFromEveryEvent breaks a run off after any of its events while the contacts of levels that fell due together
// are tried from the last on. Whichever that is, each is tried once, and somebody is told or it is told that nobody was.
func TestNotifyTheOneBeforeFromEveryEvent(t *testing.T) {
	for name, test := range map[string]struct {
		problems map[string]error
	}{
		"the first is told": {map[string]error{"page-3": enginetest.ErrUnreachable()}},
		"nobody is told":    {map[string]error{"page-3": enginetest.ErrUnreachable(), "page-1": enginetest.ErrUnreachable()}},
	} {
		t.Run(name, func(t *testing.T) {
			whole := &enginetest.Fake{Do: unreachable(test.problems)}
			j, id := waitingFor(t, whole, confirming(), 45*time.Minute)
			enginetest.Resume(t, whole, id, enginetest.Options{Journal: j})
			events := eventsOf(t, j, id)
			for n := 1; n < len(events); n++ {
				fake, cut := &enginetest.Fake{Do: unreachable(test.problems)}, enginetest.CutAfter(t, j, id, n)
				out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: cut})
				if out.Result == nil {
					t.Fatalf("after %d: %v", n, out.Diags)
				}
				begun, ended, nobody := map[int]int{}, map[int]int{}, false
				told := false
				for _, e := range eventsOf(t, cut, id) {
					switch e.Type {
					case run.NotifyStarted:
						begun[e.Level.Number]++
					case run.NotifyFinished:
						ended[e.Level.Number]++
						nobody = e.NobodyTold != nil
						told = told || e.Outcome == run.Pass
					}
				}
				for level, times := range begun {
					if times > 1 || ended[level] != 1 {
						t.Errorf("after %d: level %d was begun %d times and ended %d times\n%s", n, level, times, ended[level], out.Stream)
					}
				}
				if asked := slices.ContainsFunc(events[:n], func(e *run.Event) bool { return e.Type == run.StepWaiting && e.Question != nil }); asked && told == nobody {
					t.Errorf("after %d: somebody was told: %t, nobody: %t\n%s", n, told, nobody, out.Stream)
				}
			}
		})
	}
}

func eventsOf(t *testing.T, j journal.Journal, id string) []*run.Event {
	t.Helper()
	var out []*run.Event
	for entry, err := range j.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry.Event)
	}
	return out
}

// TestNotifyTheOneBeforeIsShown: the step that waited tells in the end whom it could not tell, and who was told instead.
func TestNotifyTheOneBeforeIsShown(t *testing.T) {
	fake := &enginetest.Fake{Do: unreachable(map[string]error{"page-3": enginetest.ErrUnreachable()})}
	j, id := waitingFor(t, fake, confirming(), 45*time.Minute)
	enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	yes(t, j, id, "change")
	out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	end := out.Finished()["change"]
	if len(end.Warnings) != 1 || !strings.Contains(end.Warnings[0], "level 3, Cleo, could not be notified") || !strings.HasSuffix(end.Warnings[0], "; level 1, Ann, P1, was notified instead") {
		t.Errorf("%q\n%s", end.Warnings, out.Stream)
	}
}

// TestNotifyTheOneBeforeWhileItRuns: a notifier that hangs holds up the one before it no longer than its timeout, in one session.
func TestNotifyTheOneBeforeWhileItRuns(t *testing.T) {
	text := strings.Replace(fmt.Sprintf(paging, ""), `value = { run = run.id, who = self.contact.name }`, `timeout = "500ms"`, 1)
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		if id == "page-3" {
			return enginetest.Until(ctx, nil)
		}
		return nil
	}}
	j, id := waitingFor(t, fake, text, 45*time.Minute)
	out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	if diff := cmp.Diff([]string{"3 started", "3 error in doubt", "1 started", "1 pass"}, notices(out)); diff != "" || !out.Result.Paused {
		t.Errorf("%s%s", diff, out.Stream)
	}
}

// TestNotifyReadOnlyTellsNobody: each level is left out for the same reason.
func TestNotifyReadOnlyTellsNobody(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	text := strings.Replace(fmt.Sprintf(paging, ""), `step "fake_write" "change"`, `step "fake_read" "change"`, 1)
	options := enginetest.Options{Journal: j}
	options.Plan.ReadOnly = true
	out := enginetest.Run(t, fake, text, options)
	options.Journal = later(t, j, out.Result.RunID, 45*time.Minute)
	again := enginetest.Resume(t, fake, out.Result.RunID, options)
	_, nobody := insteadAndNobody(again)
	if diff := cmp.Diff([]string{"3 skipped", "1 skipped"}, notices(again)); diff != "" || len(fake.Log()) > 0 || !slices.Equal(nobody, []int{1, 2, 3}) {
		t.Errorf("%s%q %v\n%s", diff, fake.Log(), nobody, again.Stream)
	}
}

// TestNobodyToldAskedAgain: a question that goes on with another time says still that nobody was told. Asked anew after an interrupt,
// its contact is told anew.
func TestNobodyToldAskedAgain(t *testing.T) {
	t.Parallel()
	for _, interrupted := range []bool{false, true} {
		fake := &enginetest.Fake{Do: unreachable(map[string]error{"page-change": enginetest.ErrUnreachable()})}
		opts := enginetest.Options{Journal: enginetest.Store(t), WithChanges: true}
		path := enginetest.Write(t, atOnce)
		first := opts
		if interrupted {
			interrupt := make(chan struct{})
			first.Asker, first.Interrupt = silent{}, interrupt
			first.OnEvent = func(e run.Event) {
				if e.Type == run.NotifyFinished {
					close(interrupt)
				}
			}
		}
		out := enginetest.RunFile(t, fake, path, first)
		if !interrupted {
			enginetest.Rewrite(t, path, strings.Replace("runbook \"test\" {}\n"+atOnce, "{ escalation = escalation.oncall }", "{\n escalation = escalation.oncall\n timeout = \"1h\"\n}", 1))
		}
		again := enginetest.Resume(t, fake, out.Result.RunID, opts)
		again.Pauses(t)
		nobody := 0
		for _, e := range again.Events {
			if e.Type == run.StepWaiting && e.Question != nil {
				nobody = len(e.NobodyTold)
			}
		}
		want := map[bool][2]int{false: {1, 1}, true: {0, 2}}[interrupted]
		if got := [2]int{nobody, fake.Calls("page-change")}; got != want {
			t.Errorf("interrupted %v: nobody told and calls %v, expected %v\n%s%s", interrupted, got, want, out.Stream, again.Stream)
		}
	}
}
