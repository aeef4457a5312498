runbook "r" {}
contact "dba" { name = "Dana" }
escalation "oncall" {
  level { contact = contact.dba }
}
step "db_exec" "whole" {
  sql     = "UPDATE t SET a = 1"
  timeout = "1m"
  approval {
    prompt     = "Really set a to ${var.a}?"
    approvers  = [contact.dba, "alice"]
    timeout    = "30m"
    on_timeout = "escalate"
    escalation = escalation.oncall
  }
}
step "db_exec" "empty" {
  sql     = "UPDATE t SET a = 1"
  timeout = "1m"
  approval {}
}
step "db_exec" "wrong" {
  sql     = "UPDATE t SET a = 1"
  timeout = "1m"
  approval {
    promt      = "?"
    on_timeout = "default"
  }
  approval {}
}
step "db_exec" "no_time" {
  sql     = "UPDATE t SET a = 1"
  timeout = "1m"
  approval { on_timeout = "fail" }
}
step "db_exec" "no_one" {
  sql     = "UPDATE t SET a = 1"
  timeout = "1m"
  approval {
    timeout    = "1m"
    on_timeout = "escalate"
  }
}
