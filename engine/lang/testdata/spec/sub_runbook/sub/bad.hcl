runbook "bad" {}
step "db_query" "q" { sqll = "SELECT 1" }
