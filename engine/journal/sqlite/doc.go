// Package sqlite keeps the journal in one SQLite file, without cgo.
//
// Events are stored as they come together: one row holds the JSON lines of a batch, so that the cost of a step does not
// depend on how many rows a step makes. A goroutine of the journal's own writes the batches, each durable (WAL, with an
// fsync) before the next; Sync waits for it. Start at [Open].
package sqlite
