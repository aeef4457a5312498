runbook "r" {}
step "web_request" "a" { url = "http://a" }
step "web_request" "b" {
  url  = "http://a"
  when = step.a.outcome == "fail"
}
step "web_request" "c" {
  url  = "http://a"
  when = step.a["eu"].error != null && step.a["eu"].attempts > 1 && step.a.duration_ms > 5
}
step "web_request" "d" {
  url  = "http://a"
  when = step.a.count > 0 || step.a[0].outcome == "x" || step.a["x"] == null
}
step "web_request" "e" {
  url  = "http://a"
  when = alltrue([for step in [1] : step == 1]) && alltrue([for k, v in step.a : v.outcome == "pass"]) && step.a[var.k].outcome == "pass"
}
