runbook "r" {}
step "web_request" "a" { url = "http://a" }
step "web_request" "b" {
  url        = "http://a"
  depends_on = [step.a, step.a["eu"]]
}
step "web_request" "c" {
  url        = "http://a"
  depends_on = ["a", a, step.a.count, var.x, 5]
}
step "web_request" "d" {
  url        = "http://a"
  depends_on = step.a
}
