// Command floor is the morning health check as a Go program written by hand for this one job: every call that
// runbooks/daily/morning-health-check.hcl makes, all at once, and the same expectations. It has no language, no plan,
// no journal and no report, so its time is what the calls themselves cost, and the bench measures runbook against it.
//
// It reads the lab's environment (KUBECONFIG, DATABASE_URL and the RUNBOOK_VAR_ variables), prints a line for each
// expectation that does not hold, and then exits with 1.
//
// It is not part of the product. Start reading at main.
package main
