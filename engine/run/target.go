package run

// BeginsSteps reports whether an event begins a session that carries steps out: not one that only undoes, or only ends the run.
func (e *Event) BeginsSteps() bool {
	return e.Type == RunStarted || e.Type == RunResumed && e.Undo == nil && e.Reason != ReasonCancel
}

// SameTarget reports whether a configuration names the system that the history has for it. redact blanks secrets, as they are in
// the history; nil: none are known.
func SameTarget(kept, now Target, redact func([]byte) []byte) bool {
	if kept == now {
		return true
	}
	return kept.Provider == now.Provider && redact != nil && kept.Target == string(redact([]byte(now.Target)))
}
