variable "a" { default = 1 }
runbook "r" {}
step "web_request" "s" { url = "http://a" }
check "c" {}
output "o" { value = 1 }
environment "production" {}
policy {}
