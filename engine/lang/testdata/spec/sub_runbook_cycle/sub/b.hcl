runbook "b" {}
step "runbook" "self" { source = "./b.hcl" }
step "runbook" "up" { source = "../runbook.hcl" }
