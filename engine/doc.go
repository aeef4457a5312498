// Package engine is for programs that embed runbook: load a runbook, plan it, run it.
//
// An [Engine] is made of a registry of providers and the host's environment. Load reads and checks a file without
// touching anything; Plan adds the inputs and says what would happen; Run carries the plan out and writes every event to
// a journal. The rooms below it do the work: engine/lang, engine/validate, engine/graph, engine/run, engine/journal.
package engine
