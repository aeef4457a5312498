package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/redact"
	"github.com/e82355ed/runbook/internal/term"
)

func TestText(t *testing.T) {
	configs := map[string]func(*Config){
		"plain":  func(*Config) {},
		"wide":   func(c *Config) { c.Width = 120 },
		"narrow": func(c *Config) { c.Width = 36 },
		"ascii":  func(c *Config) { c.Glyphs, c.Width = term.ASCII(), 80 },
		"colour": func(c *Config) { c.Palette, c.Width = term.NewPalette(true), 80 },
		"times":  func(c *Config) { c.Times, c.Width = true, 80 },
	}
	for name, change := range configs {
		t.Run(name, func(t *testing.T) {
			c := config()
			change(&c)
			golden(t, name+".txt", render(t, c, entries(t, sample())))
		})
	}
}

// TestFitsTheTerminal: no line is wider than the terminal, names and words that can't be broken excepted.
func TestFitsTheTerminal(t *testing.T) {
	c := config()
	c.Width, c.SkipHeader = 100, true
	for line := range strings.SplitSeq(render(t, c, entries(t, sample())), "\n") {
		if w := term.Width(line); w > 100 && !strings.HasPrefix(line, "failed:") {
			t.Errorf("%d columns: %s", w, line)
		}
	}
}

// TestReplayShowsTheSame: what was encoded, kept and decoded shows exactly as the live run did.
func TestReplayShowsTheSame(t *testing.T) {
	live := entries(t, sample())
	replayed := make([]journal.Entry, len(live))
	for i, e := range live {
		replayed[i].Event = new(run.Event)
		if err := json.Unmarshal(e.JSON, replayed[i].Event); err != nil {
			t.Fatal(err)
		}
	}
	c := config()
	c.Times = true
	if a, b := render(t, c, live), render(t, c, replayed); a != b {
		t.Errorf("live:\n%s\nreplayed:\n%s", a, b)
	}
}

func TestNothingTakesEffectOnTheTerminal(t *testing.T) {
	evil := "\x1b[2J\u202e\a\r"
	e := finished("s"+evil, run.Fail, 1, evil)
	e.Detail, e.Error, e.Warnings = evil, evil+"x", []string{evil}
	e.Show = json.RawMessage(`{"\u001b[2J":"\u001b[2J\u202e\u0007\r"}`)
	e.Remedies = []run.Remedy{{Text: evil, Guide: evil, Contact: evil, Escalation: evil}}
	got := render(t, config(), entries(t, []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: evil, Title: evil, File: evil, Targets: []run.Target{{Provider: evil, Target: evil}}}},
		check(e.Step, run.Fail, run.Check{Kind: run.KindAssert, Message: evil, Expression: evil, Place: evil, References: []run.Reference{{Expression: evil, Value: evil}}}),
		e,
		{Type: run.RunStopping, Reason: evil},
		{Type: run.RunFinished, Outputs: []run.OutputValue{{Name: evil, Value: json.RawMessage(`"\u001b[2J"`)}, {Name: "x", Error: evil}}},
	}))
	if strings.ContainsAny(got, "\x1b\a\r\u202e") {
		t.Errorf("control characters in %q", got)
	}
}

// TestNoHalfOfASecret: a secret is blanked before the text is cut.
func TestNoHalfOfASecret(t *testing.T) {
	var r redact.Redactor
	r.Add("hunter2-and-more")
	c := config()
	c.Width, c.Redact = 50, r.String
	got := render(t, c, entries(t, []run.Event{finished("s", run.Pass, 1, "the answer was hunter2-and-more")}))
	if strings.Contains(got, "hunter") {
		t.Errorf("a part of the secret in %q", got)
	}
}

// TestWhyAValueIsNotKnownIsSaidOnce: the message says it, so that the reference need not.
func TestWhyAValueIsNotKnownIsSaidOnce(t *testing.T) {
	e := finished("s", run.Error, 1, "")
	e.Error = "the assertion can't be evaluated: step.a was skipped, so it has no result."
	got := render(t, config(), entries(t, []run.Event{
		check("s", run.Error, run.Check{
			Kind: run.KindAssert, Message: e.Error, Expression: "step.a.x > step.b.y", References: []run.Reference{
				{Expression: "step.a.x", Value: "not known: step.a was skipped, so it has no result"},
				{Expression: "step.b.y", Value: "not known: step.b was blocked"},
			},
		}),
		e,
	}))
	if strings.Count(got, "step.a was skipped") != 1 || !strings.Contains(got, "step.a.x is not known\n") ||
		!strings.Contains(got, "step.b.y is not known: step.b was blocked") {
		t.Error(got)
	}
}

func TestTheElapsedTimeStandsAgainstTheTarget(t *testing.T) {
	for took, want := range map[float64]string{1999: "in 2.0 s (target 2.0 s)", 2001: "in 2.0 s (over the target of 2.0 s)"} {
		got := render(t, config(), entries(t, []run.Event{
			{Type: run.RunStarted, Header: &run.Header{Runbook: "x", MTTRTargetMS: 2000}},
			{Type: run.RunFinished, Outcome: run.Pass, DurationMS: ms(took)},
		}))
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	v := NewJSON(&b, bytes.Clone)
	var want strings.Builder
	for _, e := range entries(t, sample()) {
		v.Event(e)
		want.WriteString(string(e.JSON) + "\n")
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if b.String() != want.String() {
		t.Errorf("got %s", b.String())
	}
}

type brokenWriter struct{ writes int }

var errBroken = errors.New("no space left on device")

func (w *brokenWriter) Write([]byte) (int, error) { w.writes++; return 0, errBroken }

func TestBrokenOutput(t *testing.T) {
	for name, make := range map[string]func(w *brokenWriter) View{
		"text": func(w *brokenWriter) View { return NewText(w, config()) },
		"json": func(w *brokenWriter) View { return NewJSON(w, bytes.Clone) },
	} {
		t.Run(name, func(t *testing.T) {
			w := &brokenWriter{}
			v := make(w)
			for _, e := range entries(t, sample()) {
				v.Event(e)
			}
			if err := v.Close(); !errors.Is(err, errBroken) || w.writes != 1 {
				t.Errorf("error %v after %d writes", err, w.writes)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "<1 ms", 999 * time.Microsecond: "<1 ms", 41 * time.Millisecond: "41 ms", 949 * time.Millisecond: "949 ms",
		950 * time.Millisecond: "0.9 s", 1240 * time.Millisecond: "1.2 s", 59_960 * time.Millisecond: "1m 00s",
		123 * time.Second: "2m 03s", 64 * time.Minute: "1h 04m", time.Hour - 600*time.Millisecond: "59m 59s", time.Hour - 400*time.Millisecond: "1h 00m", 50 * time.Hour: "50h 00m",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
}

// TestTimesNameTheirDay: the clock before a line means nothing without its day and its zone, which a line above tells, anew where
// they change.
func TestTimesNameTheirDay(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	text := NewText(&out, Config{Glyphs: term.ASCII(), Times: true, Zone: zone})
	text.Recall(journal.Entry{Event: &run.Event{Type: run.RunStopping, Reason: "earlier", Time: time.Date(2026, 10, 24, 21, 0, 0, 0, time.UTC)}})
	for _, at := range []time.Time{
		time.Date(2026, 10, 24, 21, 59, 59, 0, time.UTC), time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC),
		time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC),
	} {
		text.Event(journal.Entry{Event: &run.Event{Type: run.StepReady, Step: "shows nothing", Time: at.Add(-time.Hour)}})
		text.Event(journal.Entry{Event: &run.Event{Type: run.RunStopping, Reason: "failure", Time: at}})
	}
	want := `times of 2026-10-24 CEST
23:59:59  = stopping: failure
times of 2026-10-25 CEST
00:00:00  = stopping: failure
02:30:00  = stopping: failure
times of 2026-10-25 CET
02:30:00  = stopping: failure
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestAnInterruptGoesOverItsKey: a terminal has shown ^C where the line begins, which is written over; of another reason nothing was typed.
func TestAnInterruptGoesOverItsKey(t *testing.T) {
	c := config()
	c.Typed = true
	stops := func(reason string) string {
		return render(t, c, entries(t, []run.Event{{Type: run.RunStopping, Reason: reason}}))
	}
	if got := stops(run.StopInterrupt); !strings.HasPrefix(got, "\r ■ stopping: interrupt\n") {
		t.Errorf("%q", got)
	}
	if got := stops(run.StopTimeout); strings.Contains(got, "\r") {
		t.Errorf("%q", got)
	}
}
