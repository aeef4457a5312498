runbook "case" {}

step "demo_ping" "alone" {
  run_if = "failure"
}

step "demo_ping" "after" {
  run_if     = "failure"
  depends_on = [step.alone]
}
