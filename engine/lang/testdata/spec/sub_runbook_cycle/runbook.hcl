runbook "a" {}
step "runbook" "down" { source = "sub/b.hcl" }
