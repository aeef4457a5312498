runbook "r" {}
runbook "s" {}
