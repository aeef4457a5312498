runbook "r" {}
variable "2x" { default = 1 }
step "web_request" "a b" { url = "http://a" }
output "o.p" { value = 1 }
contact "" {}
provider "db" { alias = "e u" }
