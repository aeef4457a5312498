runbook "r" {}
escalation "oncall" {
  level { contact = "ops" }
}
step "ask_confirm" "ask" {
  prompt     = "Is it done?"
  escalation = escalation.oncall
}
step "ask_confirm" "bounded" {
  prompt  = "Is it done?"
  timeout = "1h"
  retry {}
}
step "web_request" "not" {
  url        = "http://a"
  escalation = escalation.oncall
}
