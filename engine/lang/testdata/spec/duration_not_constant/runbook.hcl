runbook "r" {
  timeout = var.t
}
variable "t" { default = "5m" }
step "web_request" "a" {
  url     = "http://a"
  timeout = format("%ds", 5)
}
step "web_request" "b" {
  url     = "http://a"
  timeout = 30
}
