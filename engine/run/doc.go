// Package run is the scheduler: a pure state machine over the events of a run.
//
// State is the fold of the events so far; Next says what may happen next: which steps to prepare, start, repeat, or
// end as skipped, blocked or cancelled. There is no clock, no I/O and no goroutine here, so that a replayed journal
// gives the same state as the run that wrote it. engine/run/local drives it in this process.
package run
