// Package process names this process so that others can tell later whether it still lives, though its number was given to
// another one since. It is what the owner of a lock is known by. Start at [Self].
package process
