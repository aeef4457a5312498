// Package batch is what the journals have in common: events are gathered while nobody waits for them and committed
// together ([Writer]), and are kept as the JSON lines of a batch ([Batch.Lines], [Reader]); a run is found by the beginning of its id
// ([Complete]). How and where a batch is kept is
// the journal's.
package batch
