runbook "r" {}
provider "db" {}
provider "db" {}
provider "db" { alias = "eu" }
provider "db" { alias = "eu" }
provider "db" {
  alias    = "us"
  for_each = toset(["a"])
}
provider "postgress" {}
provider "db" {
  alias = "x"
  uri   = "postgres://x"
}
step "db_query" "a" {
  sql      = "SELECT 1"
  provider = db.eu
}
step "db_query" "b" {
  sql      = "SELECT 1"
  provider = "db"
}
step "db_query" "c" {
  sql      = "SELECT 1"
  provider = provider.db.eu.west
}
