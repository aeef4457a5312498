runbook "r" {}
step "web_request" "a" { url = "http://a" }
check "both" {
  description = "Over results."
  depends_on  = [step.a]
  when        = true
  run_if      = "always"
  for_each    = toset(["x"])
  assert { condition = step.a.count > 0 }
  threshold "count" {
    value  = step.a.count
    unit   = "things"
    expect = value > 0
  }
  remedy { text = "Look." }
}
check "not_an_action" {
  url     = "http://a"
  timeout = "5s"
  retry {}
}
