runbook "case" {}

step "demo_list" "list" {
  queries = ["a", ["b"]]
  login   = { user = "a", role = ["b"] }
}

step "demo_list" "object" {
  login = { user = "a" }
  tags  = { a = "b" }
}
