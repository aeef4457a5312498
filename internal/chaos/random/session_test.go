package random

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// story is one run from its beginning over all its sessions.
type story struct {
	*generator
	t   *testing.T
	dir string
	// book is what the files hold, kept what those of the run do.
	book, kept *book
	noted      int64 // the number of the event that began the last session
	world      *world
	journal    journal.Journal
	runID      string
	told       []string // what was done, for who reads a failure
	// mutations are how the files changed, by the number of the run_resumed that went on with them.
	mutations map[int64]map[string]bool
	ordered   bool
	witness   *judge
	redo      bool // what is in doubt can't count as done
}

// session is how one is carried out.
type session struct {
	does     string // apply, resume, undo, settle or cancel
	stop     string // empty, dies, interrupt or hard
	at       int    // after so many events
	answers  string // yes, no, any or nobody
	decision string // done, redo, any or abort
	change   string // what changed in the files
}

func (s session) String() string {
	return fmt.Sprintf("%s: %s after %d events; answers %s; in doubt %s; changes: %s", s.does, s.stop, s.at, s.answers, s.decision, s.change)
}

func newStory(t *testing.T, seed uint64) *story {
	g := newGenerator(seed)
	s := &story{generator: g, t: t, dir: t.TempDir(), world: newWorld(seed), journal: enginetest.Store(t), mutations: map[int64]map[string]bool{}}
	s.book = g.book("random", 5, 12, true)
	s.kept = s.book
	s.ordered, s.witness = true, newJudge(s)
	s.write(s.book)
	return s
}

func (s *story) write(b *book) {
	for name, text := range b.files() {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *story) file() string { return filepath.Join(s.dir, s.book.name+".hcl") }

// play runs all sessions: some that go as they like, then some that nothing disturbs.
func (s *story) play() {
	first := s.random("apply")
	s.carryOut(first)
	for range 1 + s.IntN(4) {
		if s.t.Failed() || s.runID == "" {
			return
		}
		next := s.random(pick(s.generator, "resume", "resume", "resume", "resume", "resume", "undo", "settle", "cancel"))
		s.carryOut(next)
	}
	for range 3 {
		if s.t.Failed() {
			return
		}
		s.world.mu.Lock()
		s.world.kind = true
		s.world.mu.Unlock()
		s.carryOut(session{does: "resume", answers: "yes", decision: pick(s.generator, run.DecisionDone, run.DecisionRedo)})
	}
	if !s.t.Failed() {
		s.isOver()
	}
	if !s.t.Failed() && s.chance(50) {
		s.carryOut(session{does: "undo", answers: "yes", decision: run.DecisionRedo})
	}
}

func (s *story) random(does string) session {
	out := session{does: does, answers: pick(s.generator, "yes", "yes", "no", "any", "nobody"), decision: pick(s.generator, "done", "redo", "any", "any", "abort")}
	if s.chance(70) {
		out.stop, out.at = pick(s.generator, "dies", "dies", "dies", "interrupt", "hard"), s.IntN(40)
	}
	if does == "resume" && s.chance(50) {
		s.change(&out)
	}
	if does == "cancel" {
		out.stop = ""
	}
	return out
}

// change changes the files before a session, in a way that the checker lets pass.
func (s *story) change(out *session) {
	b, told := s.mutate(s.book)
	if s.chance(25) {
		var more string
		b, more = s.mutate(b)
		told += "; " + more
	}
	s.write(b)
	if _, diags := enginetest.New(s.world.fake, nil).Load(s.file()); diags.HasErrors() {
		s.write(s.book)
		return
	}
	out.change = told
	s.book, s.ordered = b, s.ordered && b.inOrder()
}

// carryOut runs a session and holds what happened against what is promised.
func (s *story) carryOut(in session) {
	s.told = append(s.told, in.String())
	if in.decision == "abort" && in.does != "apply" && s.aborts() {
		return
	}
	if in.does == "undo" && !s.undoable() {
		return
	}
	if in.does == "resume" && in.change == "" && s.book != s.kept {
		in.change = "those that the session before did not live to tell"
	}
	var seen int
	stopped := sync.OnceFunc(func() {})
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	opts := enginetest.Options{Journal: s.journal, AutoApprove: true, WithChanges: in.change != "", Context: ctx, Settle: s.settle(in)}
	if in.answers != "nobody" {
		opts.Asker = &person{story: s, says: in.answers}
	}
	switch in.stop {
	case "dies":
		opts.Journal = &dying{Journal: s.journal, left: in.at}
	case "interrupt":
		interrupt := make(chan struct{})
		opts.Interrupt, stopped = interrupt, sync.OnceFunc(func() { close(interrupt) })
	case "hard":
		stopped = cancel
	}
	opts.OnEvent = func(run.Event) {
		if seen++; in.stop != "" && seen > in.at {
			stopped()
		}
	}
	out := s.call(in, opts)
	s.judge(in, out)
}

func (s *story) call(in session, opts enginetest.Options) enginetest.Outcome {
	switch in.does {
	case "apply":
		return enginetest.RunFile(s.t, s.world.fake, s.file(), opts)
	case "undo":
		return enginetest.Undo(s.t, s.world.fake, s.runID, opts)
	case "settle":
		return enginetest.Settle(s.t, s.world.fake, s.runID, opts)
	case "cancel":
		return enginetest.Cancel(s.t, s.world.fake, s.runID, opts)
	}
	return enginetest.Resume(s.t, s.world.fake, s.runID, opts)
}

// settle decides about writes in doubt. One that is decided by chance is so by its address alone: the order in which they are
// asked about changes nothing.
func (s *story) settle(in session) func(run.Doubt, *provider.Found) run.Resolution {
	return func(d run.Doubt, _ *provider.Found) run.Resolution {
		if d.Resolution != nil {
			return *d.Resolution
		}
		decision := in.decision
		if d.Failed && in.does == "resume" {
			decision = run.DecisionDone // it is sent again by an undo alone
		}
		if decision != run.DecisionDone && decision != run.DecisionRedo {
			decision = []string{run.DecisionDone, run.DecisionRedo}[s.world.roll(d.Address, len(s.told))%2]
		}
		how := "flag"
		if s.redo && !d.Undo {
			decision = run.DecisionRedo
		}
		switch redo := d.Undo && decision == run.DecisionRedo; {
		case redo && in.does == "resume" && d.OfPart:
			decision = run.DecisionDone // it is sent again by an undo alone
		case redo && in.does == "resume":
			how = run.HowInquired // a word has it sent by an undo alone, before the run goes on
		case redo && !d.Failed && s.world.roll(d.Address+" declared", len(s.told)) < 50:
			how = run.HowDeclared
		case s.declares(in, d, decision):
			how = run.HowDeclared
		}
		return run.Resolution{Decision: decision, How: how, Who: "alice@ops", Why: "she looked"}
	}
}

// declares reports whether a write in doubt is sent again on its author's word: until it is, it stays in doubt.
func (s *story) declares(in session, d run.Doubt, decision string) bool {
	return !d.Undo && decision == run.DecisionRedo && in.does == "resume" && d.Partly == "" && !s.world.isKind() && s.world.roll(d.Address+" declared", len(s.told)) < 50
}

// person answers questions.
type person struct {
	story *story
	says  string
}

// Ask implements local.Asker.
func (p *person) Ask(ctx context.Context, w run.Wait) (*run.Answer, error) {
	yes := p.says == "yes" || p.says == "any" && p.story.world.roll(w.Address, len(p.story.told)) < 60
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	value, err := json.Marshal(yes)
	return &run.Answer{Value: value, By: "alice@ops", Via: run.ViaTerminal}, err
}

// tell is the whole story for who reads a failure.
func (s *story) tell(seed uint64) string {
	var t strings.Builder
	fmt.Fprintf(&t, "go test ./internal/chaos/random -count 20 -run TestRandomRuns -seed %d\n", seed)
	for i, line := range s.told {
		fmt.Fprintf(&t, "%d. %s\n", i+1, line)
	}
	for name, text := range s.book.files() {
		fmt.Fprintf(&t, "\n# %s\n%s", name, text)
	}
	if s.runID != "" {
		t.WriteString("\n")
		for _, e := range s.events() {
			t.WriteString(line(e))
		}
	}
	return t.String()
}
