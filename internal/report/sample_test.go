package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

var began = time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)

const runID = "01JD3V7C8M2YQ4T6W9Z1B3D5F7"

func ms(v float64) *float64 { return &v }

func status(v int) *int { return &v }

// recorded numbers events, a second apart, reads them as they come back from a history, and gives them to a recorder.
func recorded(t testing.TB, events ...run.Event) *Recorder {
	t.Helper()
	r := &Recorder{}
	tell(t, r.See, events...)
	return r
}

// broke has a recorder follow events of which a history has those up to one, and that it could not be written for half a minute.
func broke(t testing.TB, kept int64, events ...run.Event) *Recorder {
	t.Helper()
	r := &Recorder{}
	tell(t, func(e journal.Entry) { r.Follow(e, min(e.Event.Seq-1, kept)) }, events...)
	r.Broke(kept, began.Add(time.Duration(len(events)+30)*time.Second))
	return r
}

func tell(t testing.TB, see func(journal.Entry), events ...run.Event) {
	t.Helper()
	for i, e := range events {
		e.V, e.Seq, e.Run = run.Version, int64(i+1), runID
		e.Time = began.Add(time.Duration(i) * time.Second)
		text, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		var kept run.Event
		if err := json.Unmarshal(text, &kept); err != nil {
			t.Fatal(err)
		}
		see(journal.Entry{Event: &kept, JSON: text})
	}
}

func begun() run.Event {
	return run.Event{
		Type: run.RunStarted, Session: &run.Session{Host: "ops", PID: 7, User: "alice@ops", StartedAt: began},
		Header: &run.Header{
			Runbook: "morning", Title: "Morning check", File: "daily/morning.hcl", User: "alice@ops", Steps: 9, Effects: map[string]int{"read": 7, "write": 2},
			Targets: []run.Target{{Provider: "redis", Target: "10.0.0.7:6379/0 as default"}}, Files: []run.FileRef{{Path: "/ops/daily/morning.hcl", SHA256: "00"}},
		},
	}
}

func started(step, action, effect string) run.Event {
	return run.Event{Type: run.StepStarted, Step: step, Action: action, Effect: effect, Attempt: 1}
}

func finished(step string, outcome run.Outcome, summary string) run.Event {
	return run.Event{Type: run.StepFinished, Step: step, Outcome: outcome, DurationMS: ms(38), Attempts: 1, Summary: summary, Source: "morning.hcl:27"}
}

func asks(step string, q *run.Question) run.Event {
	return run.Event{Type: run.StepWaiting, Step: step, For: run.ForApproval, Question: q}
}

func approval(prompt string) *run.Question {
	return &run.Question{Kind: run.AskApproval, Prompt: prompt, Action: "redis_set", Effect: "write", Target: "10.0.0.7:6379/0", Digest: "d1"}
}

func answered(step, by, note string) run.Event {
	return run.Event{Type: run.StepAnswered, Step: step, Answer: &run.Answer{Value: json.RawMessage("true"), By: by, Note: note, Via: run.ViaCommand}}
}

// everything is a run with each outcome, over two sessions: instances, a runbook within it, people, undos, and what is left.
func everything() []run.Event {
	unready := run.Event{Type: run.CheckEvaluated, Step: "pods", Outcome: run.Fail, Check: &run.Check{
		Kind: run.KindAssert, Severity: "fail", Message: "2 pods are not running.", Expression: "self.count == 0", Place: "morning.hcl:27",
		References: []run.Reference{{Expression: "self.count", Value: "2"}},
	}}
	days := run.Event{Type: run.CheckEvaluated, Step: "site", Outcome: run.Warn, Check: &run.Check{
		Kind: run.KindThreshold, Name: "days left", Message: "days left 21 days (warn at 30 or less)", Value: ms(21), Unit: "days", Expression: "value <= 30",
		References: []run.Reference{{Expression: "value", Value: "21"}},
	}}
	pods := finished("pods", run.Fail, "2 pods are not running.")
	pods.Remedies = []run.Remedy{{Text: "Read the logs.", Guide: "GUIDE.md#pods", Contact: "Primary, +1-555-0150"}}
	site := finished("site", run.Warn, "days left 21 days (warn at 30 or less)")
	site.Warnings = []string{"the chain has an unused certificate"}
	nodes := finished("nodes", run.Pass, "3 ready")
	nodes.Show = json.RawMessage(`[{"name":"n1","ready":true},{"name":"n2","ready":true}]`)
	gone := finished("gone", run.Error, "")
	gone.Error, gone.Tolerated = "measure the disk: /none: no such file or directory", ""
	blocked := run.Event{Type: run.StepFinished, Step: "after", Outcome: run.Blocked, Error: "pods did not pass", Source: "morning.hcl:42"}
	never := run.Event{Type: run.StepFinished, Step: "never", Outcome: run.Skipped, Error: "when is false", Source: "morning.hcl:45"}
	set := started("set", "redis_set", "write")
	set.Key, set.Target, set.Arguments = "k1", "10.0.0.7:6379/0", json.RawMessage(`{"key":"mode","value":"maintenance"}`)
	retried := run.Event{Type: run.StepRetrying, Step: "nodes", Attempt: 1, Error: "connection refused", DelayMS: 1000}
	undo := run.Event{Type: run.UndoStarted, Step: "set", Action: "redis_set", Effect: "write", Undoes: 26, Attempt: 1}
	undid := run.Event{Type: run.UndoFinished, Step: "set", Action: "redis_set", Undoes: 26, Outcome: run.Fail, DurationMS: ms(5), Attempts: 1, Summary: "READONLY", ByHand: "SET mode normal"}
	return []run.Event{
		begun(), started("nodes", "kubernetes_nodes", "read"), retried, nodes, // 4
		started("pods", "kubernetes_pods", "read"), unready, pods, // 7
		started("site", "tls_certificate", "read"), days, site, // 10
		started("gone", "local_disk", "read"), gone, blocked, never, // 14
		started("db", "runbook", "read"), started(`db/ping["eu"]`, "redis_ping", "read"), finished(`db/ping["eu"]`, run.Pass, "PONG"), finished("db", run.Pass, "database: 1 passed"), // 18
		asks("set", approval("Close the shop?")), {Type: run.RunPaused, Reason: "waits for a person: set", Waits: []string{"set"}, Counts: map[run.Outcome]int{run.Pass: 2}, ExitStatus: status(3)},
		{Type: run.RunResumed, Session: &run.Session{Host: "ops", PID: 8, User: "bob@ops", StartedAt: began.Add(20 * time.Second)}, Reset: []string{"pods", "gone"}}, // 21
		started("pods", "kubernetes_pods", "read"), unready, pods, answered("set", "carol@ops", "agreed | on the call"), set, // 26
		finished("set", run.Pass, "OK"), undo, undid, // 29
		{
			Type: run.RunFinished, Outcome: run.Fail, Counts: map[run.Outcome]int{run.Pass: 3, run.Fail: 1, run.Warn: 1}, DurationMS: ms(29000), ExitStatus: status(4),
			Undoable: 1, Left: []run.Left{{Step: "set", What: run.LeftUndoFailed, Undoes: 26}}, NotUndone: []string{"db/ping"},
			Outputs: []run.OutputValue{{Name: "nodes", Value: json.RawMessage("3")}, {Name: "token", Value: json.RawMessage(`"(sensitive)"`), Sensitive: true}, {Name: "none", Value: json.RawMessage("null"), Error: "step.gone has no result"}},
		},
	}
}

// nasty are texts that break out of one format or another.
var nasty = map[string]string{
	"NUL": "a\x00b", "ANSI": "\x1b[31mred\x1b[0m \x9b", "CDATA": "]]>", "script": "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>",
	"table": "a | b\n| c |\n|---|", "backticks": "``` `` `\n```\n~~~~\n# heading", "invalid": "\xff\xfe \xed\xa0\x80", "emoji": "👩‍🚒 日本 \u202e\u2028",
	"tap": "ok 99 # SKIP all\nnot ok 1\nBail out!\n1..0\n  ...\n---", "entities": `&lt; &#x0; "quoted" 'single' <!-- --> <![CDATA[`,
	"markdown": "[x](javascript:alert(1)) ![y](http://z) **b** _i_ <b>&amp; \\| $x$ #1 ~~s~~\n\n    code\n> quote\n- list", "noncharacters": "\ufffe\uffff", "carriage": "a\rb\r\nc\tx",
	"long": strings.Repeat("long `|<& ", 2000),
}

// hostile is a run in which a text stands wherever one can.
func hostile(text string) []run.Event {
	value, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always encodes
	}
	h := begun()
	h.Title, h.User, h.Targets = text, text, []run.Target{{Provider: "redis", Target: text}}
	check := run.Event{Type: run.CheckEvaluated, Step: "a", Outcome: run.Fail, Check: &run.Check{
		Kind: run.KindAssert, Severity: "fail", Message: text + "!", Expression: text, Place: "x.hcl:1", References: []run.Reference{{Expression: text, Value: text}},
	}}
	end := finished("a", run.Fail, text)
	end.Error, end.Detail, end.Warnings, end.Show, end.Remedies = text+"?", text, []string{text}, value, []run.Remedy{{Text: text, Guide: text, Contact: text, Escalation: text}}
	again := started(`c["`+strings.ReplaceAll(strings.ReplaceAll(text[:min(len(text), 40)], `\`, `\\`), `"`, `\"`)+`"]`, "redis_set", "write")
	q := approval(text)
	q.Arguments, q.Changes, q.Items = []run.ArgumentValue{{Name: "x", Value: text}}, []run.Change{{Path: text, Before: text, After: text + "2"}}, []string{text}
	said := answered("b", text, text)
	said.Answer.Value = value
	warned := finished("b", run.Warn, text)
	warned.Warnings = []string{text}
	skip := run.Event{Type: run.StepFinished, Step: "d", Outcome: run.Skipped, Error: text}
	undid := run.Event{Type: run.UndoFinished, Step: "b", Undoes: 9, Outcome: run.Error, Error: text, ByHand: text}
	return []run.Event{
		h, started("a", "redis_get", "read"), {Type: run.StepRetrying, Step: "a", Attempt: 1, Error: text}, check, end,
		asks("b", q), {Type: run.AnswerRefused, Step: "b", Answer: said.Answer, Error: text}, said,
		{Type: run.StepEscalated, Step: "b", Level: &run.Level{Number: 1, Contact: text, Brief: text}}, warned, again, skip, undid,
		{Type: run.StepResolved, Step: "b", Resolution: &run.Resolution{Decision: run.DecisionDone, Who: text, Why: text}},
		{
			Type: run.RunResumed, Session: &run.Session{Host: "ops", User: text}, Changes: []string{text}, Repeats: []string{text}, Undo: []string{"b"}, Reset: []string{"d"},
		},
		{
			Type: run.RunFinished, Outcome: run.Pass, Error: text, DurationMS: ms(1), ExitStatus: status(1), Counts: map[run.Outcome]int{run.Pass: 1},
			Outputs: []run.OutputValue{{Name: "o", Value: value}, {Name: "e", Value: json.RawMessage("null"), Error: text}},
		},
	}
}

// written is a report in one format.
func written(t testing.TB, format string, r *Run) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, format, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
