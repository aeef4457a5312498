runbook "case" {}

step "demo_list" "list" {
  namespace = file("~/nothing")
  query     = pathexpand("~/x")
  tags      = [templatefile("case.hcl", 1), file("case.hcl"), fileexists("case.hcl")]
}
