package local

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// sessionStart is when the sessions of these tests began.
var sessionStart = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// deskOf is the desk of a session that alice sits at, with a mailbox, and a runner at it that has nothing to do.
func deskOf(t *testing.T, box *mailbox) (*desk, *runner) {
	t.Helper()
	s := &session{pausing: make(chan struct{}), Config: &Config{
		Journal: box, User: "alice@ops", SessionStart: sessionStart, Host: provider.Host{Log: hclog.NewNullLogger()},
		Unseal: func(sealed []byte) ([]byte, error) { return sealed, nil },
	}}
	s.desk = newDesk(s)
	r := &runner{session: s, branch: &branch{graph: &graph.Graph{}}, given: make(chan given), hard: t.Context()}
	s.desk.rested[r] = true
	return s.desk, r
}

// askAt is a question that is put, with a digest that is its address.
func askAt(address string, approvers ...string) run.Wait {
	return run.Wait{Address: address, Question: &run.Question{Kind: run.AskConfirm, Digest: address, Approvers: approvers}}
}

// yes is the answer to a question, as it comes from elsewhere.
func yes(id int64, address, digest string) journal.Message {
	return journal.Message{
		ID: id, Kind: journal.MessageAnswer, Step: address, At: sessionStart.Add(time.Minute), By: "bob@ops",
		Answer: &run.Answer{Value: []byte("true"), Digest: digest},
	}
}

// ids are those of messages, in order.
func ids(messages []journal.Message) []int64 {
	out := []int64{}
	for _, m := range messages {
		out = append(out, m.ID)
	}
	return out
}

// TestNextAtTheTerminal: what stands at the terminal is the first question that whoever sits there may answer; one that others answer
// only where nothing else lets the run go on.
func TestNextAtTheTerminal(t *testing.T) {
	for name, c := range map[string]struct {
		questions []run.Wait
		busy      bool
		want      string
	}{
		"theirs":                        {[]run.Wait{askAt("a"), askAt("b")}, true, "a"},
		"by name":                       {[]run.Wait{askAt("a", "bob"), askAt("b", "alice")}, true, "b"},
		"others', and something runs":   {[]run.Wait{askAt("a", "bob"), askAt("b", "bob")}, true, ""},
		"others', and nothing runs":     {[]run.Wait{askAt("a", "bob"), askAt("b", "bob")}, false, "a"},
		"theirs, though others' is old": {[]run.Wait{askAt("a", "bob"), askAt("b")}, false, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			d, r := deskOf(t, &mailbox{})
			d.rested[r] = !c.busy
			for _, q := range c.questions {
				d.put(r, q)
			}
			got := ""
			if q := d.next(); q != nil {
				got = q.wait.Address
			}
			if got != c.want {
				t.Errorf("%q stands at the terminal, expected %q", got, c.want)
			}
		})
	}
}

// TestShownInTheOrderOfTheFile: the first of the file is shown next; what stands at the terminal stays there until it is answered, so that what is
// typed is not for another.
func TestShownInTheOrderOfTheFile(t *testing.T) {
	d, r := deskOf(t, &mailbox{})
	r.graph, _ = graph.Build(&lang.Runbook{Steps: []*lang.Step{{Name: "a"}, {Name: "b"}, {Name: "c"}}})
	d.asker = leaves{}
	shown := func(want string) {
		t.Helper()
		if _, q, _ := d.choose(); q == nil || q.wait.Address != want {
			t.Errorf("shown: %+v, expected %s", q, want)
		}
	}
	d.put(r, askAt("c"))
	d.put(r, askAt("b"))
	shown("b")
	d.put(r, askAt("a"))
	shown("b")
	d.take("b")
	shown("a")
	d.take("a")
	shown("c")
	d.take("c")
	d.rested[r] = false
	d.put(r, askAt("c"))
	if _, q, held := d.choose(); q != nil || held == nil {
		t.Errorf("%+v is shown while others may come before it", q)
	}
}

// TestAllRest: only people can let the run go on where each runner rests, a question is open, and nothing is on its way.
func TestAllRest(t *testing.T) {
	for name, change := range map[string]func(d *desk, r *runner){
		"":                                    func(*desk, *runner) {},
		"no question is open":                 func(d *desk, _ *runner) { d.take("a") },
		"a runner works":                      func(d *desk, r *runner) { d.rested[&runner{session: r.session}] = false },
		"a child's runbook is about to begin": func(d *desk, _ *runner) { d.expect() },
		"a child's runbook has ended": func(d *desk, r *runner) {
			d.leaveRunner(&runner{session: r.session, parent: r}, false)
		},
		"an answer is on its way": func(d *desk, _ *runner) { d.delivering++ },
		"the run is cancelled":    func(d *desk, _ *runner) { d.cancelled = true },
		"it pauses already":       func(d *desk, _ *runner) { d.paused = true },
	} {
		t.Run(name, func(t *testing.T) {
			d, r := deskOf(t, &mailbox{})
			d.put(r, askAt("a"))
			change(d, r)
			if got := d.allRest(); got != (name == "") {
				t.Errorf("all rest: %v", got)
			}
		})
	}
}

// TestMailboxIsReadOnce: a message is passed on once, and an answer for a question that is not open waits for it.
func TestMailboxIsReadOnce(t *testing.T) {
	d, r := deskOf(t, &mailbox{messages: []journal.Message{yes(1, "a", "a")}})
	for range 2 {
		if err := d.readMail(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(d.early); !slices.Equal(got, []int64{1}) {
		t.Errorf("messages %v wait, expected the one", got)
	}
	d.put(r, askAt("a"))
	if err := d.readMail(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g := <-r.given; g.message != 1 {
		t.Errorf("message %d was handed over", g.message)
	}
	d.take("a")
	<-d.changed
	if len(d.early) != 0 {
		t.Errorf("messages %v still wait", ids(d.early))
	}
}

// TestCancelOfAnEarlierSession: a wish to stop the run that was sent before this session began is not about it.
func TestCancelOfAnEarlierSession(t *testing.T) {
	for name, c := range map[string]struct {
		at   time.Time
		want bool
	}{
		"before": {sessionStart.Add(-time.Second), false},
		"since":  {sessionStart.Add(time.Second), true},
	} {
		t.Run(name, func(t *testing.T) {
			d, r := deskOf(t, &mailbox{messages: []journal.Message{{ID: 1, Kind: journal.MessageCancel, At: c.at, By: "bob@ops"}}})
			d.put(r, askAt("a"))
			by := ""
			d.cancel = func(who string) { by = who }
			// Nobody is called about a question of a run that stops.
			if got := d.answerComes(t.Context(), "a"); got != c.want {
				t.Errorf("the run stops: %v, expected %v", got, c.want)
			}
			if (by == "bob@ops") != c.want {
				t.Errorf("stopped by %q", by)
			}
		})
	}
}

// TestAnswersInTheMailbox: what was sent about a question counts once, for that question alone, and only where it can be read.
func TestAnswersInTheMailbox(t *testing.T) {
	sealed := func(id int64, value string) journal.Message {
		m := yes(id, "a", "a")
		m.Sealed = []byte(value)
		return m
	}
	d, _ := deskOf(t, &mailbox{messages: []journal.Message{
		yes(1, "a", "a"), yes(2, "a", "another question"), yes(3, "b", "a"), sealed(4, "no JSON"), sealed(5, "false"),
		{ID: 6, Kind: journal.MessageCancel, At: sessionStart, By: "bob@ops"}, yes(7, "a", "a"),
	}})
	d.use(7)
	d.use(0) // an answer from the terminal has no message
	kept, err := d.kept(t.Context(), askAt("a"))
	if err != nil {
		t.Fatal(err)
	}
	got := []int64{}
	for _, g := range kept {
		got = append(got, g.message)
	}
	if !slices.Equal(got, []int64{1, 5}) || string(kept[1].answer.Value) != "false" {
		t.Errorf("the answers of messages %v count, expected 1 and 5: %+v", got, kept)
	}
	if !slices.Equal(d.used, []int64{7}) {
		t.Errorf("used: %v", d.used)
	}
}

// TestOutdatedAnswerThatNobodyTook: an answer to another question than the one that is open, which was closed before the runner
// could be told, is kept: the question may be asked anew.
func TestOutdatedAnswerThatNobodyTook(t *testing.T) {
	for _, taken := range []bool{true, false} {
		d, r := deskOf(t, &mailbox{})
		d.put(r, askAt("a"))
		q := d.open[0]
		d.delivering++
		if taken {
			go func() { <-r.given }()
		} else {
			d.take("a")
		}
		d.deliverOutdated(t.Context(), q, yes(1, "a", "the first"))
		if got := len(d.early); (got == 0) != taken || d.delivering != 0 {
			t.Errorf("taken %v: %d messages wait, %d are on their way", taken, got, d.delivering)
		}
	}
}

// TestDiscardWaitsForTheEvents: a message that was used goes only once the events that tell of it are on disk.
func TestDiscardWaitsForTheEvents(t *testing.T) {
	box := &mailbox{messages: []journal.Message{yes(1, "a", "a")}}
	d, _ := deskOf(t, box)
	d.use(1)
	d.session.pending = []journal.Entry{{}}
	if err := d.discard(t.Context()); err != nil || box.synced || len(box.discarded) != 0 {
		t.Fatalf("with an event that is not on disk: synced %v, discarded %v, %v", box.synced, box.discarded, err)
	}
	d.session.pending = nil
	for range 2 {
		if err := d.discard(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !box.synced || !slices.Equal(box.discarded, []int64{1}) {
		t.Errorf("synced %v, discarded %v, expected the one, once", box.synced, box.discarded)
	}
}

// leaves is somebody at the terminal who goes away when asked.
type leaves struct{}

func (leaves) Ask(context.Context, run.Wait) (*run.Answer, error) { return nil, errors.New("closed") }

// TestPausesOnceNobodySitsThere: a run that would wait for somebody at the terminal pauses when they leave.
func TestPausesOnceNobodySitsThere(t *testing.T) {
	d, _ := deskOf(t, &mailbox{})
	d.asker = leaves{}
	d.put(&runner{branch: &branch{graph: &graph.Graph{}}}, askAt("a"))
	d.ask(t.Context())
	select {
	case <-d.session.pausing:
	default:
		t.Error("the run waits on")
	}
}
