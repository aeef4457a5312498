runbook "r" {}
step "runbook" "whole" {
  source    = "./db.hcl"
  variables = { table = "t" }
}
step "runbook" "again" {
  source  = "db.hcl"
  timeout = "1m"
}
step "runbook" "wrong_child" { source = "sub/bad.hcl" }
step "runbook" "absent" { source = "./bd.hcl" }
step "runbook" "computed" { source = "./${var.x}.hcl" }
step "runbook" "bare" {}
step "runbook" "workspace" { source = "workspace.hcl" }
step "runbook" "repeats" {
  source = "db.hcl"
  retry {}
  poll { until = true }
}
