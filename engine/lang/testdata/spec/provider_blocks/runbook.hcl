runbook "r" {}
provider "db" { url = secret("env:PASSWORD") }
provider "db" {
  alias           = "eu"
  url             = "postgres://eu"
  max_connections = 3
  max_parallel    = 2
}
provider "web" {
  for_each = toset(["a", "b"])
}
step "db_query" "default" {
  sql      = "SELECT 1"
  provider = provider.db
}
step "db_query" "alias" {
  sql      = "SELECT 1"
  provider = provider.db.eu
}
step "web_request" "keyed" {
  for_each = toset(["a", "b"])
  url      = "http://a"
  provider = provider.web[each.key]
}
step "web_request" "literal" {
  url      = "http://a"
  provider = provider.web["a"]
}
