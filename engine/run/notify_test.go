package run

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWhoIsToldNext: of levels that fell due together the last is told first, and the one before it where that told nobody. What is
// passed over is so only once a later one was told.
func TestWhoIsToldNext(t *testing.T) {
	started := func(n int) Event {
		return Event{Type: NotifyStarted, Level: &Level{Number: n}, Key: fmt.Sprint("key", n)}
	}
	ended := func(n int, as Outcome) Event {
		return Event{Type: NotifyFinished, Level: &Level{Number: n}, Outcome: as, Error: "no"}
	}
	doubt := func(n int) Event {
		e := ended(n, Error)
		e.InDoubt = true
		return e
	}
	redo := func(n int) Event {
		e := doubt(n)
		e.Reason = DecisionRedo
		return e
	}
	told := func(n int) Event { return ended(n, Pass) }
	for name, test := range map[string]struct {
		levels string // minutes, those with a notifier
		events []Event
		want   string
		nobody string // when the last event ended a notification and left nobody told
	}{
		"the last":                    {levels: "10 20 30", want: "3"},
		"together":                    {levels: "10 30 30", want: "2, 3"},
		"its own time says less":      {levels: "30 10", want: "1, 2"},
		"the last is under way":       {levels: "10 20 30", events: []Event{started(3)}},
		"the last was told":           {levels: "10 20 30", events: []Event{started(3), told(3)}, want: "1 passed for 3, 2 passed for 3"},
		"the last failed":             {levels: "10 20 30", events: []Event{started(3), ended(3, Fail)}, want: "2 instead of 3"},
		"the last is in doubt":        {levels: "10 20 30", events: []Event{started(3), doubt(3)}, want: "2 instead of 3"},
		"the last is sent again":      {levels: "10 20 30", events: []Event{started(3), redo(3)}, want: "3 with key3"},
		"the last has no notifier":    {levels: "10 20 -", want: "2"},
		"the last was left out":       {levels: "10 20 30", events: []Event{ended(3, Skipped)}, want: "2 instead of 3"},
		"two failed":                  {levels: "10 20 30", events: []Event{started(3), ended(3, Fail), started(2), doubt(2)}, want: "1 instead of 2 3"},
		"the second was told":         {levels: "10 20 30", events: []Event{started(3), ended(3, Fail), started(2), told(2)}, want: "1 passed for 2"},
		"one of two together failed":  {levels: "10 30 30", events: []Event{started(2), started(3), ended(3, Fail)}},
		"both of them failed":         {levels: "10 30 30", events: []Event{started(2), started(3), ended(3, Fail), ended(2, Fail)}, want: "1 instead of 2 3"},
		"one of them was told":        {levels: "10 30 30", events: []Event{started(2), started(3), ended(3, Fail), told(2)}, want: "1 passed for 2"},
		"all failed":                  {levels: "10 20 -", events: []Event{started(2), ended(2, Fail), started(1), ended(1, Error)}, nobody: "1 2 3"},
		"the first in doubt":          {levels: "10 20", events: []Event{started(2), doubt(2), started(1), ended(1, Fail)}, nobody: "1 2?"},
		"all but one in doubt":        {levels: "10 20", events: []Event{started(2), ended(2, Fail), started(1), doubt(1)}, nobody: "1? 2"},
		"one waits to be sent again":  {levels: "10 20", events: []Event{started(2), redo(2), started(2), ended(2, Fail), started(1), redo(1)}, want: "1 with key1 instead of 2"},
		"on time, the first was told": {levels: "10 20", events: []Event{started(1), told(1), started(2), ended(2, Fail)}},
		// An older version wrote that a level is passed over before the later one was told.
		"passed over before":             {levels: "10 20 30", events: []Event{ended(1, Skipped), ended(2, Skipped), started(3)}},
		"passed over, and the last told": {levels: "10 20 30", events: []Event{ended(1, Skipped), ended(2, Skipped), started(3), told(3)}},
		"passed over, and it failed":     {levels: "10 20 30", events: []Event{ended(1, Skipped), ended(2, Skipped), started(3), ended(3, Fail)}, nobody: "1 2 3"},
		"one was passed over":            {levels: "10 20 30", events: []Event{ended(1, Skipped), started(3), ended(3, Fail)}, want: "2 instead of 3"},
	} {
		t.Run(name, func(t *testing.T) {
			s, now := escalated(t, strings.Fields(test.levels))
			nobody := ""
			for _, e := range test.events {
				e.Step, e.Time = "ask", now
				if e.Type == NotifyFinished && e.Outcome != Pass && e.Reason == "" {
					nobody = numbers(s.NobodyTold("ask", &e))
				}
				if err := s.Apply(&e); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(test.want, noticesText(s.Notices(now))); diff != "" {
				t.Error(diff)
			}
			if nobody != test.nobody {
				t.Errorf("nobody was told of %q, not %q", nobody, test.nobody)
			}
		})
	}
}

// escalated is a question whose levels, given in minutes, fell due, "-" being one without a notifier.
func escalated(t *testing.T, levels []string) (*State, time.Time) {
	t.Helper()
	began := time.Unix(1e9, 0)
	q := &Question{Kind: AskConfirm, Escalation: "oncall"}
	for i, text := range levels {
		l := Level{Number: i + 1, AfterMS: float64(time.Hour / time.Millisecond)}
		if text != "-" {
			var minutes int
			if _, err := fmt.Sscan(text, &minutes); err != nil {
				t.Fatal(err)
			}
			l.AfterMS, l.Notify = float64(minutes)*60_000, "fake_write"
		}
		q.Levels = append(q.Levels, l)
	}
	s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "ask", RunIf: "success", Group: -1, Asks: true}}})
	events := []Event{{Type: RunStarted}, {Type: StepWaiting, Step: "ask", For: ForAnswer, Question: q}}
	for i := range q.Levels {
		events = append(events, Event{Type: StepEscalated, Step: "ask", Level: &q.Levels[i]})
	}
	for i := range events {
		events[i].Time = began
		if err := s.Apply(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	return s, began.Add(2 * time.Hour)
}

func noticesText(all []Notice) string {
	var out []string
	for _, n := range all {
		text := fmt.Sprint(n.Level.Number)
		if n.Key != "" {
			text += " with " + n.Key
		}
		if n.Passed != nil {
			text += fmt.Sprint(" passed for ", n.Passed.Number)
		}
		if len(n.InsteadOf) > 0 {
			text += " instead of " + strings.Trim(fmt.Sprint(n.InsteadOf), "[]")
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func numbers(all []Untold) string {
	var out []string
	for _, l := range all {
		text := fmt.Sprint(l.Number)
		if l.InDoubt {
			text += "?"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// TestNoticeOfAnEarlierAsking: how a notification ended that was begun for a question which is asked anew since says nothing about the
// levels of the one that is asked now.
func TestNoticeOfAnEarlierAsking(t *testing.T) {
	s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "ask", RunIf: "success", Group: -1, Asks: true}}})
	level := &Level{Number: 1, AfterMS: 1000, Notify: "tell"}
	waits := Event{Type: StepWaiting, Step: "ask", For: ForAnswer, Question: &Question{Levels: []Level{*level}}}
	due := Event{Type: StepEscalated, Step: "ask", Level: level}
	begun := []Event{
		{Type: RunStarted}, {Type: StepReady, Step: "ask"}, waits, due,
		{Type: NotifyStarted, Step: "ask", Level: level, Key: "one"},
		{Type: RunResumed, Reset: []string{"ask"}, Changes: []string{"the prompt"}},
		{Type: NotifyFinished, Step: "ask", Level: level, Outcome: Error, InDoubt: true, Error: "broke off"},
		{Type: StepReady, Step: "ask"},
	}
	at := tell(t, s, append(begun, waits, due)...)
	next := s.Notices(at)
	if len(next) != 1 || next[0].Key != "" || s.NobodyTold("ask", nil) != nil || len(s.NoticeProblems("ask")) != 0 {
		t.Errorf("to be told: %+v, told nobody: %v, problems: %v", next, s.NobodyTold("ask", nil), s.NoticeProblems("ask"))
	}
}
