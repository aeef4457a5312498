// Package term knows what text looks like on a terminal: how wide it is, how it is cut, wrapped and coloured, and what a
// service may not smuggle into it. It writes nothing and asks the terminal nothing.
package term
