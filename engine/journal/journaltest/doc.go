// Package journaltest is the contract suite that every implementation of journal.Journal passes. Start at [Run].
package journaltest
