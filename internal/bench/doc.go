// Command bench measures runbook against what it has to reach and prints one table: the morning check beside the same
// calls by hand (floor) and beside the bash procedure that it replaces (morning.sh), the start of the program, steps
// that do nothing, and many HTTP checks beside a bare loop (web).
//
// It measures whole processes, from their start to their end: wall time, CPU time with that of the children they waited
// for, and peak memory. The cases of a group take turns, so that what else the machine does hits all of them; the first
// turn is a warm-up and the table has the median of the rest. A missed target is marked and fails nothing: times belong
// to a machine, not to a test. Only a command that fails ends the bench with a status other than 0.
//
// It needs the lab's environment: make bench starts the lab and gives it. docs/benchmarks.md tells how to read the table.
//
// This program imports little on purpose. A process starts with the peak memory of the one that started it as its own
// (Linux keeps it over exec), so the bench has to stay smaller than whatever it measures.
//
// Start reading at main.go; the cases are in cases.go.
package main
