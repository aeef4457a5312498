runbook "r" {}
step "web_request" "a" {
  url    = "http://a"
  run_if = "failed"
  effect = "reads"
}
