package local

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// mailbox is a journal that holds messages, and counts what is deleted of them once all is on disk.
type mailbox struct {
	journal.Journal
	messages  []journal.Message
	synced    bool
	discarded []int64
}

func (m *mailbox) Sync(context.Context) error {
	m.synced = true
	return nil
}

func (m *mailbox) Discard(_ context.Context, _ string, ids ...int64) error {
	m.discarded = append(m.discarded, ids...)
	return nil
}

func (m *mailbox) Messages(_ context.Context, _ string, after int64) ([]journal.Message, error) {
	return m.messages[min(int(after), len(m.messages)):], nil
}

// holdUp is a log that holds up whoever tells of a question that is not open, until a condition holds.
type holdUp struct {
	hclog.Logger
	until func() bool
}

func (h holdUp) Info(string, ...any) {
	for !h.until() {
		runtime.Gosched()
	}
}

// TestSecondAnswerBeforeThePause: an answer that had to wait for one that came first is looked at before the run pauses, also where the
// first comes to nothing while the messages are still being read.
func TestSecondAnswerBeforeThePause(t *testing.T) {
	answer := func(id int64, step string, sealed string) journal.Message {
		return journal.Message{
			ID: id, Kind: journal.MessageAnswer, Step: step, At: time.Now(), By: "bob@ops", Sealed: []byte(sealed),
			Answer: &run.Answer{Value: blankPart, Sensitive: true, Digest: "d"},
		}
	}
	s := &session{pausing: make(chan struct{}), Config: &Config{
		Journal: &mailbox{messages: []journal.Message{answer(1, "ok", "unreadable"), answer(2, "ok", "true"), answer(3, "elsewhere", "true")}},
		Unseal: func(sealed []byte) ([]byte, error) {
			if string(sealed) == "true" {
				return sealed, nil
			}
			return nil, errors.New("of another key")
		},
	}}
	s.desk = newDesk(s)
	d := s.desk
	s.Host = provider.Host{Log: holdUp{hclog.NewNullLogger(), func() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.delivering == 0 }}}
	r := &runner{session: s, branch: &branch{graph: &graph.Graph{}}, given: make(chan given)}
	d.rested[r] = true
	w := run.Wait{Address: "ok", Question: &run.Question{Kind: run.AskConfirm, Digest: "d"}}
	d.put(r, w)

	go d.pauseIfAllRest(t.Context())
	for _, want := range []string{string(blankPart), "true"} {
		select {
		case g := <-r.given:
			if string(g.answer.Value) != want || (g.unread == "") != (want == "true") {
				t.Errorf("the answer is %s (%s)", g.answer.Value, g.unread)
			}
			if d.take("ok"); g.unread != "" {
				d.put(r, w) // it stays open
			}
		case <-s.pausing:
			t.Fatal("the run paused with an answer unread")
		}
	}
}

// hangs is a journal that does not answer before whoever asks gives up.
type hangs struct{ journal.Journal }

func (hangs) Messages(ctx context.Context, _ string, _ int64) ([]journal.Message, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestPauseBesideAStoreThatHangs: a run pauses within a bound though its messages can't be read, also where another look at them is
// under way.
func TestPauseBesideAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{pausing: make(chan struct{}), Config: &Config{Journal: hangs{}, Host: provider.Host{Log: hclog.NewNullLogger()}}}
		s.desk = newDesk(s)
		d := s.desk
		r := &runner{session: s, branch: &branch{graph: &graph.Graph{}}, given: make(chan given), hard: t.Context()}
		d.put(r, run.Wait{Address: "ok", Question: &run.Question{Kind: run.AskConfirm, Digest: "d"}})
		began := time.Now()
		go d.answerComes(t.Context(), "ok")
		synctest.Wait() // it holds the mailbox
		d.rest(r, true)
		select {
		case <-s.pausing:
		default:
			t.Error("the run does not pause")
		}
		if took := time.Since(began); took > 2*mailTime {
			t.Errorf("it took %s", took)
		}
	})
}
