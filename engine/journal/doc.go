// Package journal is the log of events that every run leaves: the interface, and what an implementation must hold to
// (the contract suite in journaltest). journal/sqlite is the embedded one.
package journal
