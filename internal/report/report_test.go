package report

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/run"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// ends are the ends of the golden files' names.
var ends = map[string]string{"junit": "xml", "markdown": "md", "html": "html", "json": "json", "tap": "tap"}

// TestGolden holds each format against what it was.
func TestGolden(t *testing.T) {
	r := recorded(t, everything()...)
	for _, format := range Formats() {
		got, path := written(t, format, r.Run(nil)), filepath.Join("testdata", "everything."+ends[format])
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got); run with -update when it is meant:\n%s", path, diff)
		}
	}
}

// TestStepsInOrder: a step is followed by what it runs, wherever in the events that is told, and one that runs again is one step.
func TestStepsInOrder(t *testing.T) {
	r := recorded(t, everything()...).Run(nil)
	var got []string
	for _, s := range r.Steps {
		got = append(got, s.Step+" "+s.word())
	}
	want := []string{"nodes passed", "pods failed", "site warned", "gone not begun", "after blocked", "never skipped", "db passed", `db/ping["eu"] passed`, "set passed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	pods := r.Steps[1]
	if len(pods.Earlier) != 1 || pods.Earlier[0].Outcome != run.Fail || len(pods.Checks) != 1 {
		t.Errorf("what pods did: %+v", pods)
	}
	if r.State != Ended || r.Sessions[0].State != Paused || r.Sessions[1].What != "resume" || r.Sessions[1].Host != "ops" {
		t.Errorf("state %s, sessions %+v", r.State, r.Sessions)
	}
	if q := r.Steps[8].Asked; len(q) != 1 || q[0].Answer == nil || q[0].Answer.By != "carol@ops" || q[0].Open {
		t.Errorf("asked: %+v", q)
	}
}

// TestParents finds what a step belongs to.
func TestParents(t *testing.T) {
	for address, want := range map[string]string{
		"a": "", `a["x/y"]`: "a", "db/ping": "db", `db["eu/1"]/ping`: `db["eu/1"]`, `db["eu"]/ping["k"]`: `db["eu"]/ping`, "a/b/c": "a/b",
	} {
		if got := parentOf(address); got != want {
			t.Errorf("%s belongs to %q, want %q", address, got, want)
		}
	}
}

// TestEveryPlaceToStop: whatever event is the last, each format can be written, and says that the run has no end.
func TestEveryPlaceToStop(t *testing.T) {
	all := everything()
	for n := 1; n <= len(all); n++ {
		r := recorded(t, all[:n]...)
		document := r.Run(nil)
		want := BrokenOff
		switch all[n-1].Type {
		case run.RunPaused:
			want = Paused
		case run.RunFinished:
			want = Ended
		}
		if document.State != want {
			t.Errorf("after %d events the state is %s, want %s", n, document.State, want)
		}
		for _, format := range Formats() {
			if text := written(t, format, document); want == BrokenOff && format != "json" && !strings.Contains(text, "runbook resume "+runID) {
				t.Errorf("after %d events %s does not say how it goes on", n, format)
			}
		}
		if r.GoesOn(); want == BrokenOff && r.Run(nil).State != Running {
			t.Errorf("after %d events, it does not go on", n)
		}
	}
	if (&Recorder{}).Run(nil) != nil {
		t.Error("there is a report of no run")
	}
}

// TestAWriteUnderWayIsInDoubt where no process runs the run any more.
func TestAWriteUnderWayIsInDoubt(t *testing.T) {
	r := recorded(t, begun(), started("read", "http_request", "read"), started("write", "redis_set", "write"))
	for _, want := range []string{`<error message="it was under way when its session ended: nobody knows whether it took place"`, `<skipped message="it was under way">`} {
		if got := written(t, "junit", r.Run(nil)); !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
	if left := r.Run(nil).leftLines(); !slices.Equal(left, []string{"write: nobody knows whether it took place"}) {
		t.Errorf("left: %q", left)
	}
	r.GoesOn()
	if got := written(t, "junit", r.Run(nil)); strings.Contains(got, "<error") {
		t.Errorf("of a run that goes on:\n%s", got)
	}
}

// TestAnAnswerThatWaits is told, and by whom.
func TestAnAnswerThatWaits(t *testing.T) {
	r := recorded(t, everything()[:20]...)
	at := began.Add(time.Minute)
	r.Given("set", &run.Answer{Value: []byte("true"), By: "carol@ops", At: &at, Via: run.ViaCommand})
	got := written(t, "tap", r.Run(nil))
	if want := "# SKIP waits for an approval: Close the shop? (approved by carol@ops at 2026-01-31 08:01:00 UTC, with runbook answer; it counts when the run goes on)"; !strings.Contains(got, want) {
		t.Errorf("%q is not in:\n%s", want, got)
	}
}

// TestBlankedBeforeItIsEscaped: a secret that became known late stands nowhere, nor do its parts.
func TestBlankedBeforeItIsEscaped(t *testing.T) {
	const secret = `p<w&"|` + "`d'x"
	blank := func(text []byte) []byte {
		quoted := strings.NewReplacer(secret, "(sensitive)", `p\u003cw\u0026\"|`+"`d'x", "(sensitive)")
		return []byte(quoted.Replace(string(text)))
	}
	told := slices.DeleteFunc(hostile(secret), func(e run.Event) bool { return strings.HasPrefix(e.Step, "c[") }) // an address never holds one
	r := recorded(t, told...)
	for _, format := range Formats() {
		got := written(t, format, r.Run(blank))
		for _, part := range []string{"d'x", "d&#39;x", `d\'x`} {
			if at := strings.Index(got, part); at >= 0 {
				t.Errorf("%s: …%s…", format, got[max(0, at-100):min(len(got), at+40)])
			}
		}
		if !strings.Contains(got, "sensitive") {
			t.Errorf("%s: nothing was blanked", format)
		}
	}
}

// TestMemoryGrowsWithSteps, not with events: a step that is polled, retried and resumed for long.
func TestMemoryGrowsWithSteps(t *testing.T) {
	events := []run.Event{begun()}
	for range 500 {
		events = append(events, started("a", "http_request", "read"), run.Event{Type: run.StepRetrying, Step: "a", Attempt: 1, Error: "no"},
			run.Event{Type: run.StepWaiting, Step: "a", For: run.ForPoll}, finished("a", run.Fail, "no"))
	}
	r := recorded(t, events...)
	s := r.records["a"]
	if len(s.earlier) > mostRepeats || len(s.retries) > mostRepeats || len(s.asked) > 0 || len(r.records) != 1 {
		t.Errorf("kept: %d ends, %d attempts, %d questions", len(s.earlier), len(s.retries), len(s.asked))
	}
}

// TestALongDetail of a megabyte is written in no time.
func TestALongDetail(t *testing.T) {
	end := finished("a", run.Error, "it erred")
	end.Detail = strings.Repeat("a line of `an answer` | <b>&\n", 36000)
	r := recorded(t, begun(), started("a", "http_request", "read"), end)
	for _, format := range Formats() {
		if got := written(t, format, r.Run(nil)); !strings.Contains(got, "it erred") {
			t.Errorf("%s: %.300s", format, got)
		}
	}
}

// TestUnknownFormat is an error.
func TestUnknownFormat(t *testing.T) {
	if err := Write(&strings.Builder{}, "pdf", recorded(t, begun()).Run(nil)); err == nil {
		t.Error("no error")
	}
}

// texts are the nasty ones by name.
func texts() []string { return slices.Sorted(maps.Keys(nasty)) }

// TestFailedThoughNoStepDid: a run whose time was over, or whose warnings are not to pass, is no success for a CI either.
func TestFailedThoughNoStepDid(t *testing.T) {
	end := run.Event{Type: run.RunFinished, Outcome: run.Cancelled, Counts: map[run.Outcome]int{run.Cancelled: 1}, ExitStatus: status(1)}
	cancelled := run.Event{Type: run.StepFinished, Step: "a", Outcome: run.Cancelled, Error: "the runbook's timeout has passed"}
	r := recorded(t, begun(), started("a", "http_request", "read"), run.Event{Type: run.RunStopping, Reason: run.StopTimeout}, cancelled, end).Run(nil)
	if got, want := written(t, "junit", r), `<failure message="cancelled: 1 cancelled in 4.0 s; the exit status is 1 (stopped: timeout)" type="fail">`; !strings.Contains(got, want) {
		t.Errorf("%q is not in:\n%s", want, got)
	}
	end.Outcome, end.Counts = run.Warn, map[run.Outcome]int{run.Warn: 1}
	r = recorded(t, begun(), started("a", "http_request", "read"), finished("a", run.Warn, "slow"), end).Run(nil)
	if got, want := written(t, "tap", r), "not ok 2 - the run"; !strings.Contains(got, want) {
		t.Errorf("%q is not in:\n%s", want, got)
	}
	*end.ExitStatus = 0
	r = recorded(t, begun(), started("a", "http_request", "read"), finished("a", run.Warn, "slow"), end).Run(nil)
	if got := written(t, "tap", r); strings.Contains(got, "not ok") {
		t.Error(got)
	}
}

// TestAskedAgainFirst says that no answer counts until then.
func TestAskedAgainFirst(t *testing.T) {
	all := everything()[:20]
	all[19].AskedAgain = []string{"set"}
	if got, want := written(t, "tap", recorded(t, all...).Run(nil)), "no answer counts until then)"; !strings.Contains(got, want) {
		t.Errorf("%q is not in:\n%s", want, got)
	}
}
