runbook "r" {}
step "db_query" "a" {
  sqll      = "SELECT 1"
  row_limit = 5
  tiemout   = "5s"
  colour    = "red"
  headers {}
  assert    = true
  retrry {}
}
