runbook "r" {}
variable "x" { default = 1 }
variable "x" { default = 2 }
locals {
  a = 1
}
locals {
  a = 2
}
step "web_request" "s" { url = "http://a" }
check "s" {}
output "o" { value = 1 }
output "o" { value = 2 }
contact "c" {}
contact "c" {}
escalation "e" {}
escalation "e" {}
step "web_request" "t" {
  url = "http://a"
  threshold "n" {
    value = self.count
    warn  = value > 1
  }
  threshold "n" {
    value = self.count
    warn  = value > 1
  }
}
