// Package random holds a test that runs runbooks which nobody thought of: it makes small ones at random, breaks their runs off at
// random places, goes on with them in random ways, and holds what happened against what is promised. A seed gives the runbook and
// what is done with it; a failure prints both, and how to run it again. There is no code here but the test: start at random_test.go.
package random
