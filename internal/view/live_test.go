package view

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// newTestLive makes a live view whose frames the test draws itself.
func newTestLive(out *bytes.Buffer, now time.Time) *Live {
	return NewLive(NewText(out, config()), Screen{
		Out: out, Shared: true, Now: func() time.Time { return now }, Size: func() (int, int) { return 60, 24 },
	}, config())
}

func TestLiveFrames(t *testing.T) {
	var out bytes.Buffer
	l := newTestLive(&out, began.Add(10*time.Second))
	until, deadline := began.Add(12*time.Second), began.Add(5*time.Minute)
	for _, e := range entries(t, []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: "x", Steps: 4, MTTRTargetMS: 900_000}},
		{Type: run.StepStarted, Step: "slow"},
		{Type: run.StepStarted, Step: "poll"},
		{Type: run.StepWaiting, Step: "poll", For: "poll", Until: &until, Deadline: &deadline, Holds: true},
		{Type: run.StepStarted, Step: "again"},
		{Type: run.StepRetrying, Step: "again", Error: "connection refused", DelayMS: 8000},
		{Type: run.StepStarted, Step: "done"},
		finished("done", run.Pass, 1, "ok"),
	}) {
		l.note(e.Event)
	}
	frame := strings.Join(l.frame(24), "\n")
	frame = strings.Replace(frame, deadline.Local().Format(clockFormat), "08:05:00 UTC", 1)
	golden(t, "frame.txt", frame+"\n")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLiveLeavesTheLines: after a live run the terminal shows what the inner view wrote, and nothing else.
func TestLiveLeavesTheLines(t *testing.T) {
	var out bytes.Buffer
	l := newTestLive(&out, began)
	all := entries(t, sample())
	for i, e := range all {
		l.Event(e)
		if i%3 == 0 {
			l.mu.Lock()
			l.redraw()
			l.mu.Unlock()
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := screen(out.String()), render(t, config(), all); got != want {
		t.Errorf("the screen shows\n%s\nand not\n%s", got, want)
	}
}

// screen plays the escape sequences that Live uses: up n lines, and erase to the end.
func screen(written string) string {
	var lines []string
	for written != "" {
		if rest, ok := strings.CutPrefix(written, "\x1b["); ok {
			n := 0
			for rest[0] >= '0' && rest[0] <= '9' {
				n, rest = n*10+int(rest[0]-'0'), rest[1:]
			}
			if rest[0] == 'A' {
				lines = lines[:len(lines)-n]
			}
			written = strings.TrimPrefix(rest[1:], "\r")
			continue
		}
		line, rest, _ := strings.Cut(written, "\n")
		lines, written = append(lines, line), rest
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestShortRunDrawsNothing(t *testing.T) {
	var out bytes.Buffer
	l := newTestLive(&out, began)
	all := entries(t, sample())
	for _, e := range all {
		l.Event(e)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), render(t, config(), all); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAboveGoesAboveTheLiveLines(t *testing.T) {
	var out bytes.Buffer
	l := newTestLive(&out, began)
	l.Event(entries(t, []run.Event{{Type: run.StepStarted, Step: "slow"}})[0])
	l.mu.Lock()
	l.redraw()
	l.mu.Unlock()
	if _, err := l.Above(&out).Write([]byte("a log line\n")); err != nil {
		t.Fatal(err)
	}
	closed := false
	l.OnClose(func() { closed = true })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := screen(out.String()); got != "a log line\n" || !closed {
		t.Errorf("the screen shows %q, closed %v", got, closed)
	}
}

// TestLiveBesideAReader: where the lines go to another program that shows them on the same terminal, none of them is taken away, and
// each begins on a line of its own.
func TestLiveBesideAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown bytes.Buffer
		screen := Screen{Out: &shown, Crowded: true, Now: time.Now, Size: func() (int, int) { return 60, 24 }}
		l := NewLive(NewText(&shown, config()), screen, config()) // the reader is as fast as can be
		seen := func() string {
			l.mu.Lock()
			defer l.mu.Unlock()
			return shown.String()
		}
		all := entries(t, []run.Event{
			{Type: run.RunStarted, Header: &run.Header{Runbook: "x", Steps: 2}},
			{Type: run.StepStarted, Step: "one"}, {Type: run.StepStarted, Step: "two"}, finished("one", run.Pass, 1, "ok"),
		})
		for _, e := range all[:3] {
			l.Event(e)
		}
		<-time.After(2 * patience)
		if got := seen(); !strings.Contains(got, "one running") || !strings.Contains(got, "0 of 2 steps ended") {
			t.Errorf("it drew %q", got)
		}
		l.Event(all[3])
		before := seen()
		<-time.After(Settle - 2*frame)
		if got := seen(); got != before {
			t.Errorf("it drew %q while the reader may write", strings.TrimPrefix(got, before))
		}
		<-time.After(Settle)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if got := shown.String(); strings.Contains(got, "A\r") || !strings.Contains(strings.TrimPrefix(got, before), "two running") {
			t.Errorf("it drew %q", got)
		}
		for part := range strings.SplitSeq(shown.String(), "\r") {
			if _, behind, drawn := strings.Cut(part, "running"); drawn && strings.Contains(behind, "\n") {
				t.Errorf("a line begins behind what was drawn: %q", part)
			}
		}
	})
}

// TestLiveWaitsForTheSession: what earlier sessions left open is not drawn before this one begins: a question may stand there.
func TestLiveWaitsForTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := newTestLive(&out, began)
		all := entries(t, []run.Event{{Type: run.StepStarted, Step: "slow"}, {Type: run.StepStarted, Step: "next"}})
		drawn := func() string {
			<-time.After(2 * patience)
			l.mu.Lock()
			defer l.mu.Unlock()
			return out.String()
		}
		l.Recall(all[0])
		if got := drawn(); got != "" {
			t.Errorf("before the session began it drew %q", got)
		}
		l.Event(all[1])
		if got := drawn(); !strings.Contains(got, "slow") || !strings.Contains(got, "next") {
			t.Errorf("it drew %q", got)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
