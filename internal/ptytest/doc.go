// Package ptytest is a person at a pseudo-terminal, for tests: it reads all the time what a program shows, and types keys. Start
// at [Sit].
package ptytest
