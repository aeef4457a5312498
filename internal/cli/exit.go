package cli

import "errors"

// Exit statuses of every command. This is the one table of them.
const (
	// ExitPassed: the run passed, the files are valid.
	ExitPassed = 0
	// ExitFailed: the run took place and something failed or erred; fmt --check found a difference.
	ExitFailed = 1
	// ExitRefused: nothing was run: an invalid runbook, a wrong flag, a refusal.
	ExitRefused = 2
	// ExitInterrupted: the run paused or was interrupted, and can be resumed.
	ExitInterrupted = 3
	// ExitLeftOver: the run ended and left something that a person must look at.
	ExitLeftOver = 4
)

// exitMeanings explain the statuses in the help and the reference.
var exitMeanings = []struct {
	Status  int
	Meaning string
}{
	{ExitPassed, "passed, warnings allowed unless --fail-on warn; the files are valid"},
	{ExitFailed, "the run took place and something failed or erred; fmt --check found a difference"},
	{ExitRefused, "nothing was run: an invalid runbook, a wrong flag, a refusal by policy, by --read-only or of the question before a write"},
	{ExitInterrupted, "paused or interrupted, even when something failed before or is left to look at: it can be resumed, and the last line says how"},
	{ExitLeftOver, "the run ended and left something that a person must look at: an undo failed or did not run, or a write is in doubt, also where that has to be settled before anything is run"},
}

// exitError ends the program with a status. What there is to say was said, unless message is set; cause is what that tells of.
type exitError struct {
	status  int
	message string
	cause   error
}

func (e *exitError) Error() string { return e.message }

// Unwrap gives the cause.
func (e *exitError) Unwrap() error { return e.cause }

// exit gives nil for status 0, else an error that ends the program with it and says nothing more.
func exit(status int) error {
	if status == ExitPassed {
		return nil
	}
	return &exitError{status: status}
}

// statusOf is the exit status for what a command returned. Errors that nobody classified come from before a run.
func statusOf(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return ExitPassed
	case errors.As(err, &e):
		return e.status
	}
	return ExitRefused
}
