package run

import (
	"encoding/json"
	"time"
)

// Version is the version of the event stream: within one version a field is added, never renamed.
const Version = 1

// Type says what happened.
type Type string

// The events of a run.
const (
	// RunStarted opens the stream: what runs, where, by whom, against which targets.
	RunStarted Type = "run_started"
	// StepExpanded tells the instances of a step with for_each.
	StepExpanded Type = "step_expanded"
	// StepReady says that a step's dependencies let it run and that it waits for a place.
	StepReady Type = "step_ready"
	// StepStarted is on disk before a write is sent.
	StepStarted Type = "step_started"
	// StepWaiting says that a step waits for something that takes no place: its next poll.
	StepWaiting Type = "step_waiting"
	// StepNoted is on disk before an action goes on: what it needs to find out later whether it took place.
	StepNoted Type = "step_noted"
	// StepAnswered is what a person said to a step that waits for one.
	StepAnswered Type = "step_answered"
	// AnswerRefused says that an answer does not count, and why: nothing follows from it, and the question stays open where its time is
	// not over. It is told once, and the message that brought the answer is gone then.
	AnswerRefused Type = "answer_refused"
	// StepEscalated says that a level of an escalation fell due while a step waited for a person.
	StepEscalated Type = "step_escalated"
	// NotifyStarted is on disk before the contact of a level is told.
	NotifyStarted Type = "notify_started"
	// NotifyFinished is how telling the contact of a level ended, or why it was left out.
	NotifyFinished Type = "notify_finished"
	// StepResolved tells what became of a write in doubt: it counts as done, or is sent again.
	StepResolved Type = "step_resolved"
	// StepRetrying says that an attempt erred and when the next one may start.
	StepRetrying Type = "step_retrying"
	// ClockRead keeps what now() gave in a part of the run, so that a later session sees the same. It changes nothing in the
	// state, and is on disk before a write is sent that depends on it.
	ClockRead Type = "clock_read"
	// SecretsKept keeps what secret(…) gave, encrypted, so that a later session blanks it too, when it is another by then. It changes
	// nothing in the state, and says nothing by itself.
	SecretsKept Type = "secrets_kept"
	// CheckEvaluated is one assertion, threshold, precondition or expectation with what it saw.
	CheckEvaluated Type = "check"
	// StepFinished is a step's, or an instance's, outcome.
	StepFinished Type = "step_finished"
	// UndoStarted is on disk before the undo of a step is sent.
	UndoStarted Type = "undo_started"
	// UndoFinished is how the undo of a step ended.
	UndoFinished Type = "undo_finished"
	// RunResumed begins another session of a run that was paused, interrupted or failed.
	RunResumed Type = "run_resumed"
	// RunPaused ends a session: only an answer can let the run go on, and no process waits for it.
	RunPaused Type = "run_paused"
	// RunStopping says that nothing new starts, and why.
	RunStopping Type = "run_stopping"
	// RunFinished closes the stream.
	RunFinished Type = "run_finished"
)

// Event is one thing that happened in a run. Which fields are set depends on Type; absent fields are left out of the
// JSON. No field ever holds a sensitive value.
type Event struct {
	V    int       `json:"v"`
	Seq  int64     `json:"seq"`
	Time time.Time `json:"time"`
	Run  string    `json:"run" blank:"-"`
	Type Type      `json:"type"`

	// Step is the address: the step's name, or name["key"] for an instance of for_each.
	Step string `json:"step,omitempty" blank:"-"`

	// run_started
	*Header `json:",omitempty"`

	// step_expanded
	Keys *[]string `json:"keys,omitempty" blank:"-"`
	// Each is what for_each gave, by key, and EachType its type as cty writes it, where it may give something else in a later session.
	Each     json.RawMessage `json:"each,omitempty"`
	EachType json.RawMessage `json:"each_type,omitempty" blank:"-"`
	// EachOf is a digest of how the files write for_each and what it is made of: what it gave holds as long as they do.
	EachOf string `json:"each_of,omitempty" blank:"-"`

	// step_started
	Action string `json:"action,omitempty" blank:"-"`
	// Effect is "read", "write" or "destructive"; empty for a check.
	Effect  string `json:"effect,omitempty" blank:"-"`
	Attempt int    `json:"attempt,omitempty"`

	// Key identifies a write to the system that it is sent to; attempts at the same write share it.
	Key string `json:"key,omitempty" blank:"-"`
	// Arguments are what a write is sent with, and Target the system that it is sent to (step_started of the first attempt, undo_started).
	Arguments json.RawMessage `json:"arguments,omitempty"`
	Target    string          `json:"target,omitempty"`
	// UndoWith is what the undo of a write will refer to, of what could be something else by then (step_started of the first attempt).
	UndoWith *UndoWith `json:"undo_with,omitempty"`
	// Provider is the configuration that names the target, Kept how much of that is kept, and SentTo the whole of it.
	Provider string `json:"provider,omitempty" blank:"-"`
	Kept     Kept   `json:"kept,omitempty" blank:"-"`
	SentTo   string `json:"-"`

	// step_noted
	Note json.RawMessage `json:"note,omitempty"`
	// NoteSealed says that the note is sensitive, and left out of the JSON.
	NoteSealed bool `json:"-"`

	// step_waiting: what for (a For constant), and when it goes on and gives up
	For      string     `json:"for,omitempty" blank:"-"`
	Until    *time.Time `json:"until,omitempty"`
	Deadline *time.Time `json:"deadline,omitempty"`
	// Holds says that the poll's condition held, so that hold is being waited for.
	Holds bool `json:"holds,omitempty"`

	// Question is what a person is asked. Since is when, where that was before, as nothing but its time or its key is another, and Told
	// how many levels of its escalation were told by then.
	Question *Question  `json:"question,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
	Told     int        `json:"told,omitempty"`

	// clock_read: which part of the step (or, without one, of the runbook) read it, "arguments", "local.since", and what it read
	Part string     `json:"part,omitempty" blank:"-"`
	Now  *time.Time `json:"now,omitempty"`

	// step_answered, answer_refused
	Answer *Answer `json:"answer,omitempty"`

	// step_escalated, notify_started, notify_finished
	Level *Level `json:"level,omitempty"`
	// InsteadOf are the numbers of the later levels whose contacts could not be told (notify_started).
	InsteadOf []int `json:"instead_of,omitempty"`
	// NobodyTold are the levels that fell due, where nobody is known to have been told, and nobody is to be until another falls
	// due (notify_finished, and step_waiting with since).
	NobodyTold []Untold `json:"nobody_told,omitempty"`

	// step_resolved
	Resolution *Resolution `json:"resolution,omitempty"`

	// run_started and run_resumed
	Session *Session `json:"session,omitempty"`
	// run_resumed: the steps and instances that will run again, and what changed in the files
	Reset []string `json:"reset,omitempty" blank:"-"`
	// Instances are what steps with for_each have from now on, where changed files give others: what those did that stay is not repeated
	// (run_resumed).
	Instances []Instances `json:"instances,omitempty"`
	// Gone are the steps that waited for a person and that the runbook, or a for_each, does not have any more, and those in Reset whose write was in
	// doubt and which nothing sends again, as for_each does not have them any more. Nobody is asked either about a write that was to be sent again,
	// and counts as done.
	Gone []string `json:"gone,omitempty" blank:"-"`
	// run_resumed of a session that only undoes: the steps and instances to undo, or what they did one time, as [Effect.String] names it
	Undo    []string `json:"undo,omitempty" blank:"-"`
	Changes []string `json:"changes,omitempty"`
	// OtherMachine says that it goes on on another machine on purpose (run_resumed): what was done on those before holds it to none.
	OtherMachine bool `json:"other_machine,omitempty"`
	// Repeats tell of what had ended well and runs again, for people: why, and which writes take place a second time.
	Repeats []string `json:"repeats,omitempty"`

	// Undoes is the number of the step_finished event whose effect is taken back (undo_started, undo_finished, and step_noted of
	// an undo). A step that took effect twice has two undos. Absent in old histories: the last that it fits.
	Undoes int64 `json:"undoes,omitempty"`

	// step_retrying (with Error)
	DelayMS float64 `json:"delay_ms,omitempty"`

	// check
	*Check `json:",omitempty"`

	// step_finished (with Outcome), run_finished
	Outcome    Outcome  `json:"outcome,omitempty"`
	DurationMS *float64 `json:"duration_ms,omitempty" blank:"-"`
	Attempts   int      `json:"attempts,omitempty"`
	// Summary is the one fact that matters of a step.
	Summary string `json:"summary,omitempty"`
	// Error is why a step erred, was blocked, skipped or cancelled, or why an attempt is repeated.
	Error string `json:"error,omitempty"`
	// Tolerated is the outcome that continue_on_error turned into a warning.
	Tolerated Outcome `json:"tolerated,omitempty"`
	// Result is the action's result; sensitive parts read "(sensitive)".
	Result json.RawMessage `json:"result,omitempty"`
	// ResultTypes are the types, as cty writes them, of those parts of the result whose JSON does not tell them: sets, lists and maps where anything may
	// stand.
	ResultTypes map[string]json.RawMessage `json:"result_types,omitempty"`
	// Show is what the step's show expression gave.
	Show     json.RawMessage `json:"show,omitempty"`
	Remedies []Remedy        `json:"remedies,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
	// Detail is evidence of several lines: the start of an unexpected body.
	Detail string `json:"detail,omitempty"`
	// InDoubt says that a write erred, or was answered by what can't tell, and nobody knows whether it took place (step_retrying, where it may be
	// that a part did; step_finished, undo_finished, notify_finished).
	InDoubt bool `json:"in_doubt,omitempty"`
	// Partial says that a write erred after a part of it took place, or all of it, of which the result tells, and that sending it again
	// would do that twice (step_finished, undo_finished).
	Partial bool `json:"partial,omitempty"`
	// ChangedNothing says that the write left its system as it was (step_finished): there is nothing to take back.
	ChangedNothing bool `json:"changed_nothing,omitempty"`
	// ByHand are the words to finish an undo by hand that failed.
	ByHand string `json:"by_hand,omitempty"`
	// UndoAt is where the undo of what was done has to act (step_finished).
	UndoAt *UndoTarget `json:"undo_at,omitempty"`
	// Source is the place of the step's block, "daily.hcl:27".
	Source string `json:"source,omitempty" blank:"-"`

	// run_stopping: how long the runbook could take, where that is why
	LimitMS float64 `json:"limit_ms,omitempty" blank:"-"`

	// AskedAgain are the steps with an open question that is asked again, as what comes before them, or a part of it, runs again first (run_paused, where that
	// is what a session would do; run_resumed, where it does, and nobody waits for an answer until then): no answer that is given until
	// then counts.
	AskedAgain []string `json:"asked_again,omitempty" blank:"-"`

	// Waits are the steps with an open question, in the runbooks that steps run too, in the order of the files (run_paused).
	Waits []string `json:"waits,omitempty" blank:"-"`

	// run_stopping, run_paused, and run_resumed of a session that only ends the run ([ReasonCancel]) or only settles what is in doubt ([ReasonSettle])
	Reason string `json:"reason,omitempty" blank:"-"`

	// run_finished; NotUndone and Undoable also run_paused of a session that undid something
	Counts  map[Outcome]int `json:"counts,omitempty"`
	Outputs []OutputValue   `json:"outputs,omitempty"`
	// NotUndone are the steps whose undo was due and did not run: the session was stopped at once, or an undo of the same step
	// that comes first failed.
	NotUndone []string `json:"not_undone,omitempty" blank:"-"`
	// Undoable is how often something took effect that an undo by hand can take back.
	Undoable int `json:"undoable,omitempty"`
	// Left is what else a person must look at, in whichever session it came about (run_finished, run_paused).
	Left       []Left `json:"left,omitempty"`
	ExitStatus *int   `json:"exit_status,omitempty"`
}

// Instances are those of a step.
type Instances struct {
	// Step is its address.
	Step string   `json:"step" blank:"-"`
	Keys []string `json:"keys" blank:"-"`
	// Each, EachType and EachOf are as in [Event].
	Each     json.RawMessage `json:"each,omitempty"`
	EachType json.RawMessage `json:"each_type,omitempty" blank:"-"`
	EachOf   string          `json:"each_of,omitempty" blank:"-"`
}

// Left is something that a run leaves for a person to look at.
type Left struct {
	Step string   `json:"step" blank:"-"`
	What LeftWhat `json:"what"`
	// Partial says of an undo that failed that a part of it took place: it is not sent again before somebody says so.
	Partial bool `json:"partial,omitempty"`
	// Undoes is of an undo what it takes back, as in [Event]; absent in old histories.
	Undoes int64 `json:"undoes,omitempty"`
	// Action and SentAt are what [Outstanding] knows beside: what was sent, and when. Events leave them out.
	Action string     `json:"action,omitempty" blank:"-"`
	SentAt *time.Time `json:"sent_at,omitempty"`
}

// Name is what a command calls it: the step or, of an undo, what that takes back.
func (l *Left) Name() string {
	if l.Undoes == 0 {
		return l.Step
	}
	return Effect{l.Step, l.Undoes}.String()
}

// LeftWhat says what is left.
type LeftWhat string

// What a run can leave.
const (
	LeftInDoubt     LeftWhat = "in_doubt"      // nobody knows whether the step's write took place
	LeftUndoInDoubt LeftWhat = "undo_in_doubt" // nor whether its undo did
	LeftUndoFailed  LeftWhat = "undo_failed"
	LeftRead        LeftWhat = "read" // a read was under way: in no event
)

// ReasonSettle is the reason of a run_resumed whose session only settles what became of the writes of the steps in its Undo.
const ReasonSettle = "settle"

// ReasonCancel is the reason of a run_resumed whose session only ends the run.
const ReasonCancel = "cancel"

// Header is what run_started tells.
type Header struct {
	Runbook     string `json:"runbook" blank:"-"`
	Title       string `json:"title,omitempty"`
	File        string `json:"file" blank:"-"`
	Environment string `json:"environment,omitempty" blank:"-"`
	// User is who runs it, "alice@host".
	User     string `json:"user,omitempty"`
	ReadOnly bool   `json:"read_only,omitempty"`
	// Steps is how many steps the plan holds, before for_each.
	Steps int `json:"steps"`
	// Effects counts the steps by effect, each by the worst that it may do.
	Effects map[string]int `json:"effects" blank:"-"`
	// MayDestroy is how many of the destructive ones may do less, as only the run tells.
	MayDestroy int `json:"may_destroy,omitempty"`
	// Targets names each system in full.
	Targets []Target `json:"targets,omitempty"`
	// Places are those that steps' own arguments name by what they read of the environment.
	Places []Target `json:"places,omitempty"`
	// Lock names the locks of the runbook and of those that its steps run, with commas between.
	Lock string `json:"lock,omitempty" blank:"-"`
	// Files are the runbook's files as they were, the runbook's own first.
	Files []FileRef `json:"files,omitempty"`
	// Inputs are what a resumed run needs again.
	Inputs *Inputs `json:"inputs,omitempty"`
	// MTTRTargetMS is the runbook's mttr_target in milliseconds.
	MTTRTargetMS float64 `json:"mttr_target_ms,omitempty"`
}

// CheckKind is the block that a check stands in.
type CheckKind string

// The kinds of checks.
const (
	KindAssert       CheckKind = "assert"
	KindThreshold    CheckKind = "threshold"
	KindPrecondition CheckKind = "precondition"
	KindExpectation  CheckKind = "expectation" // the action's own: an HTTP status, an exit code
	KindUntil        CheckKind = "until"       // what a poll saw last
)

// Check is one evaluated check. Its outcome is in Event.Outcome: pass, warn, fail or error.
type Check struct {
	Kind CheckKind `json:"kind"`
	// Name is a threshold's name.
	Name string `json:"name,omitempty" blank:"-"`
	// Severity is an assertion's: fail, warn or info.
	Severity string `json:"severity,omitempty" blank:"-"`
	Message  string `json:"message,omitempty"`
	// Value is a threshold's number; null where there was none.
	Value *float64 `json:"value,omitempty"`
	Unit  string   `json:"unit,omitempty"`
	// Expression is the condition as written; Place its source line, "morning.hcl:27".
	Expression string      `json:"expression,omitempty"`
	Place      string      `json:"place,omitempty" blank:"-"`
	References []Reference `json:"references,omitempty"`
	// CheckRemedies are the check's own.
	CheckRemedies []Remedy `json:"check_remedies,omitempty"`
}

// Reference is a part of a condition with the value that it had.
type Reference struct {
	Expression string `json:"expression"`
	// Value is written for people: long ones are cut in the middle, sensitive ones are "(sensitive)".
	Value string `json:"value"`
	// Depth nests the parts of && and || below them.
	Depth int `json:"depth,omitempty"`
}

// Remedy is what to do about a step that did not pass, evaluated.
type Remedy struct {
	Text       string `json:"text,omitempty"`
	Guide      string `json:"guide,omitempty"`
	Contact    string `json:"contact,omitempty"`
	Escalation string `json:"escalation,omitempty"`
}

// OutputValue is one output of the run.
type OutputValue struct {
	Name        string          `json:"name" blank:"-"`
	Description string          `json:"description,omitempty"`
	Value       json.RawMessage `json:"value"`
	Sensitive   bool            `json:"sensitive,omitempty"`
	// Error says why there is no value.
	Error string `json:"error,omitempty"`
}

// Outcome is how a step, a check or a run ended.
type Outcome string

// The outcomes, see docs/reference.
const (
	Pass      Outcome = "pass"
	Warn      Outcome = "warn"
	Fail      Outcome = "fail"
	Error     Outcome = "error"
	Skipped   Outcome = "skipped"
	Blocked   Outcome = "blocked"
	Cancelled Outcome = "cancelled"
)

// Undone counts, beside the outcomes of the steps, those whose effect was taken back and not done again (run_finished), in the runbooks that
// steps run too, and each once, however often it took effect.
const Undone Outcome = "undone"

// severity ranks outcomes for the worst of many: error, fail, cancelled, warn, pass. A blocked step follows from a
// failure that counts itself, and a skipped one is as intended.
var severity = map[Outcome]int{Pass: 0, Skipped: 0, Blocked: 0, Warn: 1, Cancelled: 2, Fail: 3, Error: 4}

// Worse gives the worse of two outcomes, a when they rank alike.
func Worse(a, b Outcome) Outcome {
	if severity[b] > severity[a] {
		return b
	}
	return a
}
