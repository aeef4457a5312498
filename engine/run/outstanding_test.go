package run

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestOutstanding tells from the events alone what a person must look at, would the run break off behind each.
func TestOutstanding(t *testing.T) {
	four, one := ExitLeftOver, 1
	at := time.Date(2026, 11, 29, 1, 2, 3, 0, time.UTC)
	write := func(step string) Event {
		return Event{Type: StepStarted, Step: step, Action: "fake_write", Effect: "write", Time: at}
	}
	undo := Event{Type: UndoStarted, Step: "a", Undoes: 4, Action: "fake_write", Time: at}
	doubt := func(step string) Left { return Left{Step: step, What: LeftInDoubt, Action: "fake_write", SentAt: &at} }
	undoDoubt := Left{Step: "a", What: LeftUndoInDoubt, Undoes: 4, Action: "fake_write", SentAt: &at}
	undoFailed := undoDoubt
	undoFailed.What = LeftUndoFailed
	tests := map[string]struct {
		events    []Event
		want      []Left
		notUndone []string
	}{
		"reads and runbooks":  {events: []Event{{Type: StepStarted, Step: "r", Action: "fake_read", Effect: "read"}, {Type: StepStarted, Step: "db", Action: "runbook", Effect: "write"}}},
		"under way":           {events: []Event{write("a"), write("b")}, want: []Left{doubt("a"), doubt("b")}},
		"ended":               {events: []Event{write("a"), {Type: StepFinished, Step: "a", Outcome: Error}}},
		"waits for its retry": {events: []Event{write("a"), {Type: StepRetrying, Step: "a"}}},
		"ended in doubt":      {events: []Event{write("a"), {Type: StepFinished, Step: "a", Outcome: Error, InDoubt: true}}, want: []Left{doubt("a")}},
		"runs again":          {events: []Event{write(`db/a["x/y"]`), {Type: RunResumed, Reset: []string{"db/a"}}}},
		"its runbook does":    {events: []Event{write(`db["k"]/a`), {Type: RunResumed, Reset: []string{"db"}}}, want: []Left{doubt(`db["k"]/a`)}},
		"an undo under way":   {events: []Event{undo}, want: []Left{undoDoubt}},
		"an undo in doubt":    {events: []Event{undo, {Type: UndoFinished, Step: "a", Undoes: 4, Outcome: Error, InDoubt: true}}, want: []Left{undoDoubt}},
		"an undo failed":      {events: []Event{undo, {Type: UndoFinished, Step: "a", Undoes: 4, Outcome: Error}}, want: []Left{undoFailed}},
		"undone":              {events: []Event{undo, {Type: UndoFinished, Step: "a", Undoes: 4, Outcome: Pass}}},
		"to be sent again":    {events: []Event{undo, {Type: StepResolved, Step: "a", Undoes: 4, Resolution: &Resolution{Decision: DecisionRedo}}}},
		"nothing at the end":  {events: []Event{write("a"), {Type: RunFinished, ExitStatus: &one}}},
		"what the end tells": {
			events:    []Event{write("a"), write("b"), undo, {Type: RunFinished, ExitStatus: &four, Left: []Left{{Step: "a", What: LeftUndoInDoubt}}, NotUndone: []string{"c"}}},
			want:      []Left{undoDoubt},
			notUndone: []string{"c"},
		},
		"declared, and waits for a yes": {
			events: []Event{
				write("a"), {Type: RunResumed, Reset: []string{"a"}}, {Type: StepResolved, Step: "a", Resolution: &Resolution{Decision: DecisionRedo, How: HowDeclared}},
				{Type: StepWaiting, Step: "a"}, {Type: RunPaused}, {Type: RunResumed}, {Type: StepWaiting, Step: "a"}, {Type: RunPaused},
			},
			want: []Left{doubt("a")},
		},
		"declared, and sent": {events: []Event{
			write("a"), {Type: RunResumed, Reset: []string{"a"}}, {Type: StepResolved, Step: "a", Resolution: &Resolution{Decision: DecisionRedo, How: HowDeclared}},
			write("a"), {Type: StepRetrying, Step: "a"},
		}},
		"still at work": {events: []Event{write("a"), {Type: RunFinished, ExitStatus: &four}}, want: []Left{doubt("a")}},
		"resumed":       {events: []Event{{Type: RunFinished, ExitStatus: &four, NotUndone: []string{"c"}}, {Type: RunResumed}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o := &Outstanding{}
			for i := range tc.events {
				o.See(&tc.events[i])
			}
			if diff := cmp.Diff(tc.want, o.Left(), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.notUndone, o.NotUndone(), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOutstandingSent: what may go on is told with the key and the last note by which it is found, notifications too.
func TestOutstandingSent(t *testing.T) {
	at := time.Date(2026, 11, 29, 1, 2, 3, 0, time.UTC)
	one, two := &Level{Number: 1}, &Level{Number: 2}
	o, note := &Outstanding{}, []byte(`{"pid":2}`)
	for _, e := range []Event{
		{Type: StepStarted, Step: "a", Action: "local_command", Effect: "write", Time: at, Key: "run/a"},
		{Type: StepNoted, Step: "a", Note: []byte(`{"pid":1}`)},
		{Type: UndoStarted, Step: "a", Undoes: 4, Action: "local_command", Time: at, Key: "run/undo"},
		{Type: StepNoted, Step: "a", Note: note},
		{Type: NotifyStarted, Step: "ask", Level: one, Action: "local_command", Time: at, Key: "run/1"},
		{Type: NotifyStarted, Step: "ask", Level: two, Action: "local_command", Time: at, Key: "run/2"},
		{Type: NotifyFinished, Step: "ask", Level: one},
	} {
		o.See(&e)
	}
	want := []Sent{
		{Left: Left{Step: "a", What: LeftInDoubt, Action: "local_command", SentAt: &at}, Key: "run/a", Note: note},
		{Left: Left{Step: "a", What: LeftUndoInDoubt, Undoes: 4, Action: "local_command", SentAt: &at}, Key: "run/undo"},
		{Left: Left{Step: "ask", Action: "local_command", SentAt: &at}, Key: "run/2"},
	}
	if diff := cmp.Diff(want, o.Sent()); diff != "" || o.Over() {
		t.Error(diff)
	}
	status := 1
	if o.See(&Event{Type: RunFinished, ExitStatus: &status}); len(o.Sent()) > 0 || !o.Over() {
		t.Errorf("after the end: %+v", o.Sent())
	}
}
