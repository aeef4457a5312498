runbook "r" {}
step "web_request" "a" {
  url = "http://a"
  assert {}
  assert {
    condition   = true
    severity    = "critical"
    allow_empty = "yes"
    message     = "x"
  }
  threshold "n" {}
  threshold "m" { value = self.count }
  remedy {
    text     = "Look."
    contcat  = "x"
  }
}
