runbook "db" {}
step "db_query" "q" { sql = "SELECT 1" }
