// Package cli is the command line: flags, questions, exit statuses and what goes to which stream. What a runbook means and
// how it runs is the engine's; how events and problems look is internal/view's and internal/diagfmt's.
//
// Each command is a file: an options struct, a constructor that declares flags, and a run function that does the work
// with a context and the options. [Main] is where to start; [Program] is all that a command may reach of the world.
package cli
