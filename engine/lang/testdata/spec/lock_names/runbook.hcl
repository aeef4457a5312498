runbook "r" { lock = "run/x" }
