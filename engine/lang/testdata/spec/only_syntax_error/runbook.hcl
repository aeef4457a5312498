runbook "r {
