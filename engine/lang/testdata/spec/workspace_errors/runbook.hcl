runbook "r" {}
