// Package runtest runs runbook files in tests of the files themselves: the examples, the daily runbooks, the ones in the
// documentation. Tests of the engine use engine/enginetest, which has a provider that does as it is told.
//
// Start at [Apply]. The registry is an argument, so that only the tests name the providers.
package runtest
