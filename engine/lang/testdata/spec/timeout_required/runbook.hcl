runbook "r" {}
step "db_exec" "a" { sql = "SELECT 1" }
step "db_exec" "b" {
  sql     = "SELECT 1"
  timeout = "5m"
}
