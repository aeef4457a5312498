# A person confirms, gives a value, and approves a write, which they see with its arguments and its target.
# Without a terminal the run pauses; runbook answer and runbook resume go on with it.
runbook "people" {}

variable "dir" {}

escalation "oncall" {
  level {
    contact = "the on-call engineer"
    after   = "10m"
    brief   = "Somebody waits for a yes."
  }
}

step "manual_confirm" "calm" {
  prompt     = "Is it calm enough for a notice?"
  timeout    = "1h"
  escalation = escalation.oncall
}

step "manual_input" "minutes" {
  depends_on = [step.calm]
  prompt     = "For how many minutes?"
  type       = "number"
  default    = 5
}

step "local_write_file" "notice" {
  path    = "${var.dir}/notice"
  content = "Back in ${step.minutes.value} minutes."
  approval {
    prompt = "Put up the notice?"
  }
}

output "notice" { value = step.notice.path }
