// Package readable tells the files that are only read when they are read from those where that is an act: to open a watchdog starts it,
// to open a tape winds it back, and what the kernel's log or a trace gives to one reader it gives to nobody else. A plan, a validation
// and a read-only run read whatever path a runbook names, so those are refused before they are opened. It opens nothing itself.
package readable
