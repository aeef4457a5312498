// Package manual is the provider of steps that people carry out: they confirm, tick off a list, or give a value.
//
// It talks to nobody itself. An action says what to ask ([provider.Question]); whoever runs the runbook puts the question to a
// person and hands the answer over, and the action turns it into its result. Start at [New]; each action has a file.
package manual
