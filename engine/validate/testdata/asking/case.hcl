runbook "case" {}

escalation "oncall" {
  level { contact = "ops" }
}

step "demo_confirm" "right" {
  prompt     = "Is it done?"
  timeout    = "1h"
  on_timeout = "escalate"
  escalation = escalation.oncall
  assert { condition = self.code == 1 }
}

step "demo_confirm" "no_time" {
  prompt     = "Is it done?"
  on_timeout = "fail"
}

step "demo_confirm" "no_one" {
  prompt     = "Is it done?"
  timeout    = "1h"
  on_timeout = "escalate"
}

step "demo_confirm" "no_answer" {
  prompt     = "Is it done?"
  timeout    = "1h"
  on_timeout = 3
}

step "demo_confirm" "not_an_escalation" {
  prompt     = "Is it done?"
  escalation = "oncall"
}

step "demo_confirm" "no_answer_to_any" {
  prompt     = "Is it done, ${env("USER")}?"
  timeout    = "1h"
  on_timeout = 3
}
