// Package validate is the static checker: everything that can be known to be wrong with a runbook without running it.
//
// [Runbook] checks a loaded runbook with its graph, [Workspace] a workspace file alone. Each rule has a file and a line
// in the table of rules.go; all rules look at all of a runbook, and their diagnostics come back sorted by position.
//
// The package reads no file, touches no system and evaluates nothing that is not constant. What the parser and decoder
// can know (syntax, unknown blocks and arguments) is engine/lang's to report, and cycles are engine/graph's.
package validate
