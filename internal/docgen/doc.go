// Command docgen writes the generated part of the documentation: a page a provider from the schemas of its actions, and the
// references of the command line and of the functions. Run it with "go generate ./..."; a test fails when a page is stale.
package main

//go:generate go run . -root ../..
