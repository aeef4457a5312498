runbook "r" {}
step "web_request" "a" {
  url = 
}
step "web_request" "b" {
  urll = "x"
}
