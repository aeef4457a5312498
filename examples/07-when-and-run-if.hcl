# `when` skips a step by a condition; `run_if` decides by how the steps before it ended.
# Here a check fails on purpose: `evidence` runs because of it, `next` is blocked, `report` runs in any case.
runbook "when-and-run-if" {}

variable "deep" {
  type    = bool
  default = false
}

check "wanted" {
  assert {
    condition     = var.deep
    error_message = "Run it with --var deep=true to see it pass."
  }
}

step "local_memory" "evidence" {
  run_if     = "failure"
  depends_on = [step.wanted]
  show       = "load ${self.load1} on ${self.cpus} CPUs"
}

step "local_disk" "next" {
  depends_on = [step.wanted]
  path       = "/"
}

step "local_files" "inventory" {
  when    = var.deep
  pattern = "/etc/*.conf"
}

check "report" {
  run_if = "always"
  assert {
    severity  = "info"
    condition = step.wanted.outcome == "pass"
  }
}
