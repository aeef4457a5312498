runbook "case" {}
step "demo_list" "reads" {}
step "demo_command" "writes" {}
step "demo_request" "destroys" {
  url    = "https://example.com"
  method = "DELETE"
}
