package report

import (
	"encoding/json"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// Version is that of the JSON report: within one version a field is added, never renamed.
const Version = 1

// State is where a run stands.
type State string

// The states of a run.
const (
	Ended       State = "ended"
	Paused      State = "paused"      // it waits for a person, without a process
	Interrupted State = "interrupted" // it was stopped, and can be resumed
	BrokenOff   State = "broken_off"  // the program that ran it is gone, or could not keep its history any more
	Running     State = "running"     // a process runs it
)

// Run is what a report tells of a run. Names are those of the events.
type Run struct {
	V     int    `json:"v"`
	Run   string `json:"run"`
	State State  `json:"state"`
	// Outcome is that of the run's end, also of one that was interrupted; empty: it has not ended.
	Outcome    run.Outcome         `json:"outcome,omitempty"`
	ExitStatus *int                `json:"exit_status,omitempty"`
	Counts     map[run.Outcome]int `json:"counts"`
	StartedAt  time.Time           `json:"started_at"`
	// EndedAt is when the last of what is told happened, or when the history was given up that could not be written any more, and DurationMS how long that is from the start, pauses included.
	EndedAt    time.Time `json:"ended_at"`
	DurationMS float64   `json:"duration_ms"`
	*run.Header
	// Reason is why it stopped or pauses; empty: it did not.
	Reason string `json:"reason,omitempty"`
	// Error is what went wrong with the run itself.
	Error    string    `json:"error,omitempty"`
	Sessions []Session `json:"sessions"`
	// Steps are the steps in the order in which the run came to them, each followed by its instances, and by those of the runbook that it
	// runs. What the run has not come to is not there.
	Steps []*Step `json:"steps"`
	// Planned is how many steps the plan has, before for_each, without those of the runbooks that steps run.
	Planned int     `json:"planned_steps"`
	Undos   []*Undo `json:"undos,omitempty"`
	// Left, NotUndone and Undoable are as in run_finished, and so are Outputs.
	Left      []run.Left        `json:"left,omitempty"`
	NotUndone []string          `json:"not_undone,omitempty"`
	Undoable  int               `json:"undoable,omitempty"`
	Outputs   []run.OutputValue `json:"outputs,omitempty"`

	// store is the history that --store named, and ways what there is to do about the run, in the words of the terminal.
	store string
	ways  []string
}

// Session is one process that ran the run.
type Session struct {
	// What it did: "apply", "resume", "undo", "cancel" or "settle".
	What      string    `json:"what"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
	User      string    `json:"user,omitempty"`
	Host      string    `json:"host,omitempty"`
	PID       int       `json:"pid,omitempty"`
	// State is how it ended.
	State      State  `json:"state"`
	Reason     string `json:"reason,omitempty"`
	ExitStatus *int   `json:"exit_status,omitempty"`
	// RunsAgain, Undoes, Changes and Repeats are what run_resumed tells as reset, undo, changes and repeats.
	RunsAgain []string `json:"reset,omitempty"`
	Undoes    []string `json:"undo,omitempty"`
	Changes   []string `json:"changes,omitempty"`
	Repeats   []string `json:"repeats,omitempty"`
}

// Did is what a step, or an undo, did.
type Did struct {
	Action string `json:"action,omitempty"`
	Effect string `json:"effect,omitempty"`
	// Target and Arguments are what a write was sent to, and with.
	Target    string          `json:"target,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	// Outcome is empty where it has not ended; UnderWay says then that it had begun.
	Outcome  run.Outcome `json:"outcome,omitempty"`
	UnderWay bool        `json:"under_way,omitempty"`
	// NotKept is the outcome of one that ended without the history having that: it is under way there.
	NotKept    run.Outcome     `json:"not_kept,omitempty"`
	Tolerated  run.Outcome     `json:"tolerated,omitempty"`
	StartedAt  *time.Time      `json:"started_at,omitempty"`
	EndedAt    *time.Time      `json:"ended_at,omitempty"`
	DurationMS float64         `json:"duration_ms"`
	Attempts   int             `json:"attempts,omitempty"`
	Summary    string          `json:"summary,omitempty"`
	Error      string          `json:"error,omitempty"`
	Detail     string          `json:"detail,omitempty"`
	InDoubt    bool            `json:"in_doubt,omitempty"`
	Partial    bool            `json:"partial,omitempty"`
	Show       json.RawMessage `json:"show,omitempty"`
	Warnings   []string        `json:"warnings,omitempty"`
	Remedies   []run.Remedy    `json:"remedies,omitempty"`
	Checks     []Check         `json:"checks,omitempty"`
	// Retries are the last attempts that erred and were repeated.
	Retries []Retry `json:"retries,omitempty"`
	// Resolved is what became of it while it was in doubt.
	Resolved []Resolved `json:"resolved,omitempty"`

	// doubt says that it has begun and has no end in the history, and that nobody knows whether it took place.
	doubt bool
	// waits says that it has begun and has no end, as a step within it waits for a person.
	waits bool
	// fact and evidence are what the terminal shows of it.
	fact     string
	evidence []string
}

// Step is a step, or an instance of one.
type Step struct {
	Step   string `json:"step"`
	Source string `json:"source,omitempty"`
	Did
	ChangedNothing bool `json:"changed_nothing,omitempty"`
	// Gone says that the files of a later session do not have it any more: it counts for nothing.
	Gone bool `json:"gone,omitempty"`
	// Undone says that what it did was taken back, and not done again.
	Undone bool `json:"undone,omitempty"`
	// Earlier is how it ended before it ran again.
	Earlier []Earlier `json:"earlier,omitempty"`
	Asked   []*Asked  `json:"asked,omitempty"`
}

// Undo is the undo of what a step did one time.
type Undo struct {
	Step string `json:"step"`
	// Undoes is the number of the step_finished event whose effect it takes back.
	Undoes int64 `json:"undoes,omitempty"`
	Did
	ByHand string `json:"by_hand,omitempty"`

	name string
}

// Check is an evaluated check.
type Check struct {
	run.Check
	Outcome run.Outcome `json:"outcome"`
}

// Retry is an attempt that erred and was repeated.
type Retry struct {
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	Error   string    `json:"error"`
	InDoubt bool      `json:"in_doubt,omitempty"`
	DelayMS float64   `json:"delay_ms,omitempty"`
}

// Resolved is what became of a write, or an undo, that was in doubt.
type Resolved struct {
	At time.Time `json:"at"`
	run.Resolution
}

// Earlier is how a step ended before it ran again.
type Earlier struct {
	Outcome run.Outcome `json:"outcome"`
	EndedAt time.Time   `json:"ended_at"`
	Summary string      `json:"summary,omitempty"`
	Error   string      `json:"error,omitempty"`
	Undone  bool        `json:"undone,omitempty"`
}

// Asked is what a person was asked.
type Asked struct {
	At       time.Time  `json:"at"`
	Deadline *time.Time `json:"deadline,omitempty"`
	// For is "answer", "approval" or "writes".
	For      string        `json:"for"`
	Question *run.Question `json:"question"`
	// Open says that it waits for an answer.
	Open bool `json:"open,omitempty"`
	// Again says that it is asked again first: no answer counts until then.
	Again  bool        `json:"asked_again,omitempty"`
	Answer *run.Answer `json:"answer,omitempty"`
	// AnsweredAt is when the answer was given. Pending says that the run has not taken it in.
	AnsweredAt *time.Time `json:"answered_at,omitempty"`
	Pending    bool       `json:"pending,omitempty"`
	Refused    []Refused  `json:"refused,omitempty"`
	Told       []Told     `json:"told,omitempty"`

	said  string
	notes []string
	lines []string
}

// Refused is an answer that does not count.
type Refused struct {
	At     time.Time   `json:"at"`
	Answer *run.Answer `json:"answer"`
	Error  string      `json:"error"`

	said string
}

// Told is a level of an escalation that fell due, or whose contact was told.
type Told struct {
	At    time.Time `json:"at"`
	Level run.Level `json:"level"`
	// Outcome is that of telling its contact; empty: it fell due.
	Outcome run.Outcome `json:"outcome,omitempty"`
	Summary string      `json:"summary,omitempty"`
	Error   string      `json:"error,omitempty"`
	InDoubt bool        `json:"in_doubt,omitempty"`
}
