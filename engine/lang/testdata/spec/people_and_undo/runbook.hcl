runbook "r" { lock = "deploy/api" }
environment "production" {
  variables = { replicas = 5 }
  policy { providers = ["db", "ask"] }
}
step "ask_confirm" "ask" {
  prompt     = "Is it done?"
  escalation = escalation.oncall
}
step "db_exec" "a" {
  sql     = "UPDATE t SET a = 1"
  timeout = "1m"
  approval {
    prompt     = "Really set a?"
    approvers  = ["alice"]
    timeout    = "30m"
    on_timeout = "escalate"
    escalation = escalation.oncall
  }
  undo "db_exec" {
    on       = "end"
    provider = provider.db.eu
    timeout  = "2m"
    sql      = "UPDATE t SET a = ${self.count}"
    retry { attempts = 5 }
  }
}
step "db_exec" "b" {
  sql     = "UPDATE t SET a = 1"
  timeout = "1m"
  approval {}
  undo "db_query" { sql = "SELECT 1" }
}
step "runbook" "c" { source = "./db.hcl" }
output "replicas" { value = var.replicas }
