// Package policy holds steps against the policies of a workspace and of its environments.
//
// The same question is asked three times, each time with more known: by the checker, which knows what a file says; by the
// plan, which knows the variables; and right before a step starts, when its arguments are evaluated. So [Check] takes
// arguments of which some may be unknown, and finds only what is surely not allowed. Nothing is looked up here.
package policy
