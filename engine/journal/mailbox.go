package journal

import (
	"context"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// MessageKind is what a message asks of a run.
type MessageKind string

// The kinds of messages.
const (
	// MessageAnswer answers a step that waits for a person.
	MessageAnswer MessageKind = "answer"
	// MessageCancel stops the run as Ctrl-C would.
	MessageCancel MessageKind = "cancel"
)

// Message is what another process tells a run. The process that runs it, now or after a resume, reads it; what it makes
// of it is told in events.
type Message struct {
	// ID numbers the messages of a store, rising; the store gives it.
	ID   int64       `json:"id"`
	Kind MessageKind `json:"kind"`
	// Step is the address of the step that is answered.
	Step   string      `json:"step,omitempty"`
	Answer *run.Answer `json:"answer,omitempty"`
	// Sealed is the value of the answer to a sensitive question, encrypted; it reads "(sensitive)" in Answer.
	Sealed []byte    `json:"sealed,omitempty"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
}

// Mailbox passes messages to runs, whether a process runs them or not.
type Mailbox interface {
	// Send leaves a message for a run; ErrNotFound where there is no such run. It is durable on return.
	Send(ctx context.Context, runID string, m Message) error
	// Messages gives the messages of a run after an id, in order.
	Messages(ctx context.Context, runID string, after int64) ([]Message, error)
	// Discard deletes messages of a run by their id: those that its events tell of now. What is not there is no error.
	Discard(ctx context.Context, runID string, ids ...int64) error
}
