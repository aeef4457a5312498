// Package enginetest runs runbooks written in a test against a provider that does as the test says, and keeps the
// journal in memory. Start at [Run].
package enginetest
