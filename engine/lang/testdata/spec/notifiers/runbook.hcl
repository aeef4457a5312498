runbook "r" {}
step "ask_confirm" "ask" {
  prompt     = "Is it done?"
  escalation = local.night
}
step "db_query" "q" {
  sql = "SELECT 1"
  approval { escalation = escalation.oncall }
}
step "db_query" "plain" { sql = "SELECT 1" }
