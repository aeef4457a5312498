// Command runbook checks and runs operations runbooks. All it does is in internal/cli; testdata/script holds the acceptance
// tests of the command line.
package main
