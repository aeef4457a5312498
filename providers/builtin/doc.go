// Package builtin knows the providers that come with the program, and is the one place that names them all.
package builtin
