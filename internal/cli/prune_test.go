package cli

import "testing"

// TestPruneKeepsWhatIsLeft: a run that left something to look at is deleted only where that is said.
func TestPruneKeepsWhatIsLeft(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	cutOff(tt)
	tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", doubtful), "--auto-approve")
	prune := func(says string, flags ...string) {
		tt.again(t, false, "").does(t, ExitPassed, []string{says}, append([]string{"runs", "prune", "--keep", "0s", "--auto-approve"}, flags...)...)
	}
	prune("0 runs that ended before ")
	prune("1 more stays, as it has something left to look at: runbook runs shows it. --left-over deletes it too.", "--dry-run")
	prune(`"kept": 1`, "--json")
	prune("1 run that ended before ", "--left-over")
}
