runbook "case" {}

step "runbook" "right" {
  source    = "./child.hcl"
  variables = { table = "t", rows = 3 }
}

step "demo_list" "after" {
  namespace = step.right.outputs.name
  tags      = [step.right.outcome]
}

step "runbook" "wrong" {
  source    = "./child.hcl"
  variables = { tabel = "t", rows = "many" }
  assert { condition = self.outputs.nam == "x" }
}

step "runbook" "list" {
  source    = "./child.hcl"
  variables = ["t"]
}

step "runbook" "computed" {
  source    = "./child.hcl"
  variables = { for k in ["table"] : k => "t" }
}

step "runbook" "lowered" {
  source    = "./child.hcl"
  variables = { table = "t" }
  effect    = "read"
}

step "runbook" "bare" {}
