package journal

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// ErrNotFound is returned for a run that the journal does not hold.
var ErrNotFound = errors.New("no such run")

// ErrConflict is returned when events do not follow on the last one that the journal holds of their run: another process
// appended to it, or one was left out. Nothing of theirs is kept.
var ErrConflict = errors.New("the events do not follow on the run's last one")

// ErrDamaged is returned when a part of the journal can't be read any more. What can be is given beside it.
var ErrDamaged = errors.New("the run history is damaged")

// ErrReadOnly is returned for a change to a journal that was opened for reading.
var ErrReadOnly = errors.New("the run history was opened for reading only")

// ErrNoSpace is returned when what a store writes does not get onto its disk, as that is full, or fails; ErrAway when its
// server could not be reached, or took no writes, for as long as it was waited for; ErrMoved when its file is no longer where
// others would look for it.
var (
	ErrNoSpace = errors.New("the disk is full, or fails")
	ErrAway    = errors.New("the server was waited for")
	ErrMoved   = errors.New("the file was moved away or deleted")
)

// Access is what a journal is opened for.
type Access int

// ReadOnly changes nothing and makes nothing, and does without the right to write.
const (
	ReadWrite Access = iota
	ReadOnly
)

// Journal keeps the events of runs. It is safe for concurrent use; one writer appends to a run.
type Journal interface {
	// Append adds a run's next events, each with its JSON. They may become durable later, at the latest with Sync.
	// The first events of a run begin with run_started, which creates it; the others follow without gap or overlap on the
	// last one, or the result is ErrConflict, at the latest from Sync. After an error from Sync nothing can be appended.
	Append(ctx context.Context, runID string, entries []Entry) error
	// Sync returns when everything appended so far is on disk.
	Sync(ctx context.Context) error
	// Kept is the number of the last event of a run that this journal appended and knows to be on disk; zero: of none. It tells also
	// after an error, and after Close.
	Kept(runID string) int64
	// Runs lists runs, newest first; with ErrDamaged those that can be read.
	Runs(ctx context.Context, filter Filter) ([]Summary, error)
	// Events gives a run's events in order. It yields ErrNotFound for an unknown run, and ErrDamaged after the last event
	// that can be read. A run's id may be shortened to a prefix that only one run has, here and in File, Send and Messages.
	Events(ctx context.Context, runID string) iter.Seq2[Entry, error]
	// File gives the content of a file of a run by the hash that its events name, or ErrNotFound for an unknown run, or ErrDamaged
	// where the run's file has changed or is missing.
	File(ctx context.Context, runID, sha256 string) ([]byte, error)
	// Values gives the history of a threshold's values, newest first; name is "step.threshold".
	Values(ctx context.Context, runbook, name string, limit int) ([]Value, error)
	Mailbox
	Locker
	// Prune deletes old runs, with their events, values, files and messages, and gives how many.
	Prune(ctx context.Context, old Old) (int, error)
	// Prunable counts the runs that Prune would delete, and gives the error for those that it would keep: as Prune does, it
	// gives ErrDamaged beside the number.
	Prunable(ctx context.Context, old Old) (int, error)
	Close() error
}

// Named is a [Journal] that has a name for people, as its errors have it: an address may hold a password.
type Named interface {
	Name() string
}

// Old says which runs are old: those that ended before a time. A run that has not ended, or holds a lock, is not.
type Old struct {
	Before time.Time
	// LeftOver counts those too that ended with something that a person must look at, see [run.ExitLeftOver].
	LeftOver bool
}

// But is the exit status of the runs that are not old, however long ago they ended; -1: there is none.
func (o Old) But() int {
	if o.LeftOver {
		return -1
	}
	return run.ExitLeftOver
}

// Entry is an event with the JSON that the stream shows, written once. Nobody changes any of it.
type Entry struct {
	Event *run.Event
	JSON  []byte
	// Sealed is what the JSON leaves out because it is sensitive, encrypted; nil: nothing, or it was not to be kept.
	Sealed []byte
	// Files are contents that run_started and run_resumed refer to. Events leaves them out: see Journal.File.
	Files []File
}

// File is the content of a file of a runbook.
type File struct {
	// SHA256 is the content's hash, hexadecimal.
	SHA256  string
	Content []byte
}

// Filter selects runs. Zero fields select everything.
type Filter struct {
	// Runbook is a runbook's name.
	Runbook string
	Outcome run.Outcome
	Since   time.Time
	// Limit is how many runs at most; zero: 50.
	Limit int
}

// Summary is one run.
type Summary struct {
	ID          string `json:"id"`
	Runbook     string `json:"runbook"`
	File        string `json:"file"`
	Environment string `json:"environment,omitempty"`
	User        string `json:"user,omitempty"`
	// StartedAt is zero where the beginning of a damaged run is lost.
	StartedAt time.Time `json:"started_at,omitzero"`
	// Status says whether the run goes on. A run that a crash broke off is "running" without a living holder of its lock.
	Status Status `json:"status"`
	// Outcome is empty while the run goes on, or when it was interrupted by a crash.
	Outcome    run.Outcome         `json:"outcome,omitempty"`
	DurationMS float64             `json:"duration_ms,omitempty"`
	ExitStatus *int                `json:"exit_status,omitempty"`
	Counts     map[run.Outcome]int `json:"counts,omitempty"`
}

// Value is one recorded value of a threshold.
type Value struct {
	Run     string      `json:"run"`
	At      time.Time   `json:"at"`
	Value   float64     `json:"value"`
	Unit    string      `json:"unit,omitempty"`
	Outcome run.Outcome `json:"outcome"`
}

// Status is where a run stands.
type Status string

// The statuses of a run.
const (
	Running Status = "running"
	Paused  Status = "paused"
	Ended   Status = "ended"
)
