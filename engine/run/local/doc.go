// Package local runs a plan in this process.
//
// One goroutine, the loop, owns the scheduler's state: it asks for the next commands, carries out what needs no waiting,
// writes every event to the journal before what it announces happens, and starts a goroutine for each attempt at an
// action. Attempts evaluate arguments and checks beside each other and hand back what they came to. Nothing here decides
// an order: that is the scheduler's. Start at [Run].
package local
