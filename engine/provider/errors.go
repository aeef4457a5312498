package provider

import (
	"errors"
	"strings"
)

// Error is why an action could not be carried out, told to the person on call. Its text reads
// "<Op>: <Endpoint>: <Err>. <Hint>" with the empty parts left out.
type Error struct {
	// Op is what was tried, in words: "list pods in production".
	Op string
	// Endpoint is what was talked to: "https://10.0.0.1:6443", "db.example.com:5432/orders". Never holds credentials.
	Endpoint string
	// Err is the cause, required.
	Err error
	// Hint is a whole sentence that says what to do next, or empty.
	Hint string
	// NothingDone is true when the provider knows that the service did nothing (the connection was refused, the
	// transaction was rolled back), so that a write may be repeated.
	NothingDone bool
	// Partial is true when the action took effect, in part or whole, before it erred, as the result beside the error tells, and when to
	// carry it out again would do that part twice: nobody does without being asked.
	Partial bool
	// Permanent is true when repeating can't help: a refused password, a malformed query. It is not retried, so that an
	// account is not locked by it; a poll goes on, because what it waits for may mend it.
	Permanent bool
}

// Error joins the parts.
func (e *Error) Error() string {
	var parts []string
	for _, p := range []string{e.Op, e.Endpoint, e.Err.Error()} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	text := strings.Join(parts, ": ")
	if e.Hint != "" {
		text = strings.TrimSuffix(text, ".") + ". " + e.Hint
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// NothingDone reports whether err says that the service did nothing.
func NothingDone(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.NothingDone
}

// Partial reports whether err says that a part took place, which would be done twice.
func Partial(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Partial
}

// Permanent reports whether err says that repeating can't help.
func Permanent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Permanent
}

// ErrNotStarted is the cause where the time for an action was over, or it was called off, before it began.
var ErrNotStarted = errors.New("not started")

// ErrReadOnly is the cause of every refusal of a provider's client to change anything under --read-only.
var ErrReadOnly = errors.New("refused: this run is read-only")
