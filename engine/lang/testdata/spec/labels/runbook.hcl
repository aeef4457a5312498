runbook "r" {}
step "web_request" { url = "http://a" }
check "a" "b" {}
locals "x" {}
