# One step runs another runbook: its steps show up below this one, and its outputs are step.disk.outputs.
# It is given values for its variables, and a runbook may run it alone too.
runbook "morning" {}

step "runbook" "disk" {
  source    = "./disk.hcl"
  variables = { path = "/" }
}

check "room" {
  assert { condition = step.disk.outputs.free_bytes > 0 }
}
