runbook "r" {
  lock = "deploy"
}
environment "production" {
  variables = { a = 1 }
}
policy { effects = ["read"] }
step "manual_confirm" "ask" { prompt = "Go on?" }
step "runbook" "sub" { source = "./db.hcl" }
step "db_exec" "w" {
  sql     = "SELECT 1"
  timeout = "1m"
  approval { prompt = "Really?" }
  undo "db_exec" { sql = "SELECT 2" }
}
