runbook "r" {}
output "o" {}
variable "v" {
  default = 1
  validation {}
}
escalation "e" {
  level { after = "5m" }
}
step "web_request" "a" {
  url = "http://a"
  poll {}
  precondition {}
}
