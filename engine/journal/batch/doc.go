// Package batch is what the journals have in common: events are gathered while nobody waits for them and committed
// together ([Writer]), and are kept as the JSON lines of a batch ([Lines], [Reader]). How and where a batch is kept is
// the journal's.
package batch
