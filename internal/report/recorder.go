package report

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/view"
)

// Recorder keeps of the events of one run what a report tells. Give it all events in order, those of earlier sessions too. The zero value is
// before the first; it is not safe for concurrent use.
type Recorder struct {
	// Store is the history that --store named; commands for people to type name it again.
	Store string

	id     string
	header *run.Event // the last event with a header
	// first and last are when the first and the last event happened.
	first, last time.Time
	sessions    []session
	root        record
	records     map[string]*record
	undos       []*undoRecord
	undoOf      map[undoKey]*undoRecord
	// undone are the ends of steps that were taken back, by their numbers; older those whose undo does not tell which it was, by address.
	undone      map[int64]bool
	older       map[string]bool
	outstanding run.Outstanding
	doing       view.Doing
	// ended is the last run_finished or run_paused, as long as no session follows.
	ended  *run.Event
	states State
	// coming are the events that were told, and of which the history is not known to have them.
	coming []*run.Event
}

// session is one session by the events that tell it.
type session struct {
	begun, stopping, ended *run.Event
	last                   time.Time
}

// record is what is kept of a step.
type record struct {
	address  string
	below    []*record
	started  *run.Event
	checks   []run.Event
	retries  []run.Event
	finished *run.Event
	earlier  []*run.Event
	resolved []*run.Event
	asked    []*asked
	// session counts the sessions up to the one in which it began last.
	session int
	// settled says that the last end tells what became of the one before it: nothing ran in between.
	settled bool
	// gone says that the files do not have it any more.
	gone bool
	// unkept says that the history has no end of it, though it ended.
	unkept bool
}

// undoKey names an undo: the step, and the number of the event whose effect it takes back.
type undoKey struct {
	step   string
	undoes int64
}

// undoRecord is what is kept of an undo.
type undoRecord struct {
	undoKey
	started, finished *run.Event
	resolved          []*run.Event
	session           int  // as in a record
	unkept            bool // as in a record
}

// mostRepeats bounds how many attempts, and how many earlier ends of a step, are kept: the last ones.
const mostRepeats = 10

// See takes in the next event.
func (r *Recorder) See(entry journal.Entry) { r.see(slim(entry.Event), entry.Event.Instances) }

func (r *Recorder) see(e *run.Event, instances []run.Instances) {
	ended := r.ended
	r.begin(e)
	r.outstanding.See(e)
	r.doing.See(e)
	switch e.Type {
	case run.StepStarted, run.StepRetrying, run.CheckEvaluated, run.StepFinished, run.StepWaiting, run.StepAnswered, run.AnswerRefused,
		run.StepEscalated, run.NotifyFinished:
		r.step(e)
	case run.UndoStarted, run.UndoFinished:
		r.undo(e)
	case run.StepResolved:
		if e.Undoes != 0 {
			r.undo(e)
			break
		}
		s := r.record(e.Step)
		s.resolved = append(s.resolved, e)
	case run.StepExpanded:
		if e.Keys != nil {
			r.expanded(e.Step, *e.Keys)
		}
	case run.RunResumed:
		r.resumed(e, instances)
		if ended != nil && ended.Type == run.RunFinished && e.Undo == nil && e.Reason == "" {
			r.leaveOut()
		}
	case run.RunStopping:
		if s := r.session(); s != nil && e.Step == "" {
			s.stopping = e
		}
	case run.RunFinished, run.RunPaused:
		r.ended = e
		if s := r.session(); s != nil {
			s.ended = e
		}
	}
}

// aResult stands for the result of an action: that there was one matters, and not what it was.
var aResult = json.RawMessage("null")

// slim is an event without what no report tells, which may be long.
func slim(e *run.Event) *run.Event {
	s := *e
	if s.Result != nil {
		s.Result = aResult
	}
	s.ResultTypes, s.Note, s.Each, s.EachType, s.UndoWith, s.UndoAt, s.Instances = nil, nil, nil, nil, nil, nil, nil
	return &s
}

// begin takes in what every event tells of the run.
func (r *Recorder) begin(e *run.Event) {
	if r.first.IsZero() {
		r.first = e.Time
	}
	r.id, r.last = e.Run, e.Time
	if e.Header != nil {
		r.header = e
	}
	if e.Type == run.RunStarted || e.Type == run.RunResumed {
		r.sessions = append(r.sessions, session{begun: e})
		r.ended, r.states = nil, ""
	}
	if s := r.session(); s != nil {
		s.last = e.Time
	}
}

func (r *Recorder) session() *session {
	if len(r.sessions) == 0 {
		return nil // of a history whose beginning is lost
	}
	return &r.sessions[len(r.sessions)-1]
}

// Files are the runbook's files, as far as events told them.
func (r *Recorder) Files() []run.FileRef {
	if r.header == nil {
		return nil
	}
	return r.header.Files
}

// GoesOn says that a process runs the run: what has not ended is under way. Otherwise a run whose last session has no end broke off.
func (r *Recorder) GoesOn() { r.states = Running }

// Given says that the open question of a step was answered, and that the run has not taken that in yet.
func (r *Recorder) Given(step string, a *run.Answer) {
	s := r.records[step]
	if s == nil {
		return
	}
	if q := s.open(); q != nil {
		e := &run.Event{Type: run.StepAnswered, Step: step, Answer: a}
		if a.At != nil {
			e.Time = *a.At
		}
		q.answer, q.pending = e, true
	}
}

// record finds what is kept of a step, and makes it under the step that it belongs to.
func (r *Recorder) record(address string) *record {
	if s := r.records[address]; s != nil {
		return s
	}
	above := &r.root
	if parent := parentOf(address); parent != "" {
		above = r.record(parent)
	}
	s := &record{address: address}
	above.below = append(above.below, s)
	if r.records == nil {
		r.records = map[string]*record{}
	}
	r.records[address] = s
	return s
}

// parentOf is the step that an instance is of, or that runs the runbook of a step; empty: none.
func parentOf(address string) string {
	last := address
	for _, rest := run.SplitAddress(last); rest != ""; _, rest = run.SplitAddress(rest) {
		last = rest
	}
	above := strings.TrimSuffix(strings.TrimSuffix(address, last), "/")
	name := run.StepName(last)
	switch {
	case name == last:
		return above
	case above == "":
		return name
	}
	return above + "/" + name
}

// step takes in an event of a step.
func (r *Recorder) step(e *run.Event) {
	s := r.record(e.Step)
	s.gone = false
	switch e.Type {
	case run.StepStarted:
		if s.session = len(r.sessions); s.finished != nil {
			s.archive()
		}
		if s.started == nil || e.Attempt <= 1 {
			s.started, s.checks, s.retries = e, nil, nil
		}
	case run.StepRetrying:
		s.retries = lastOf(append(s.retries, *e))
	case run.CheckEvaluated:
		s.checks = append(s.checks, *e)
	case run.StepFinished:
		if s.settled = s.finished != nil; s.settled {
			s.archive()
		}
		s.finished = e
		s.close()
	default:
		s.person(e)
	}
}

// lastOf are the last of many.
func lastOf[E any](all []E) []E {
	if len(all) > mostRepeats {
		return slices.Delete(all, 0, len(all)-mostRepeats)
	}
	return all
}

// archive puts aside what a step did, as it begins anew.
func (s *record) archive() {
	if s.finished != nil {
		s.earlier = lastOf(append(s.earlier, s.finished))
	}
	s.started, s.finished, s.checks, s.retries = nil, nil, nil, nil
}

// undo takes in an event of an undo.
func (r *Recorder) undo(e *run.Event) {
	key := undoKey{e.Step, e.Undoes}
	u := r.undoOf[key]
	if u == nil {
		if r.undoOf == nil {
			r.undoOf = map[undoKey]*undoRecord{}
		}
		u = &undoRecord{undoKey: key}
		r.undos, r.undoOf[key] = append(r.undos, u), u
	}
	switch e.Type {
	case run.UndoStarted:
		u.started, u.finished, u.session = e, nil, len(r.sessions)
	case run.StepResolved:
		u.resolved = append(u.resolved, e)
	case run.UndoFinished:
		u.finished = e
		if e.Outcome != run.Pass && e.Outcome != run.Warn {
			break
		}
		if r.undone == nil {
			r.undone, r.older = map[int64]bool{}, map[string]bool{}
		}
		r.undone[e.Undoes] = true
		r.older[e.Step] = r.older[e.Step] || e.Undoes == 0
	}
}

// resumed takes in that another session begins: what runs again, which questions nobody is asked any more, and what the files do not have any
// more.
func (r *Recorder) resumed(e *run.Event, instances []run.Instances) {
	for _, x := range instances {
		step, keys := x.Step, x.Keys
		r.expanded(step, keys)
	}
	for _, step := range slices.Concat(e.Reset, e.Gone) {
		r.covered(step, func(s *record) {
			if slices.Contains(e.Reset, step) {
				s.archive()
			}
			s.close()
		})
	}
	for _, step := range e.AskedAgain {
		if s := r.records[step]; s != nil {
			s.close()
		}
	}
}

// leaveOut takes in that a run goes on that had ended: what did not pass runs again, or is not in the files any more.
func (r *Recorder) leaveOut() {
	for _, s := range r.records {
		if s.finished != nil && !passes[s.finished.Outcome] {
			s.gone = true
		}
	}
}

// passes are the outcomes of what a resume does not repeat.
var passes = map[run.Outcome]bool{run.Pass: true, run.Warn: true, run.Skipped: true}

// expanded takes in which instances a step has from now on.
func (r *Recorder) expanded(step string, keys []string) {
	s := r.records[step]
	if s == nil {
		return
	}
	has := map[string]bool{}
	for _, key := range keys {
		has[view.Address(step, key)] = true
	}
	for _, below := range s.below {
		if run.Covers(step, below.address) {
			below.gone = !has[below.address]
		}
	}
}

// covered calls do for a step and its instances.
func (r *Recorder) covered(step string, do func(*record)) {
	s := r.records[step]
	if s == nil {
		return
	}
	do(s)
	for _, below := range s.below {
		if run.Covers(step, below.address) {
			do(below)
		}
	}
}
