runbook "db" {}
variable "table" { type = string }
step "db_query" "q" { sql = "SELECT 1" }
output "n" { value = step.q.count }
