runbook "case" {}

variable "password" {
  type      = string
  sensitive = true
}

locals {
  flag = "--password=${var.password}"
}

step "demo_list" "plain" { seen = ["a", env("HOME")] }
step "demo_list" "variable" { seen = ["a", var.password] }
step "demo_list" "secret" { seen = ["-H", "Authorization: ${secret("env:TOKEN")}"] }
step "demo_list" "local" { seen = ["a", local.flag] }
step "demo_list" "allowed" { seen = ["a", nonsensitive(var.password)] }
step "demo_list" "elsewhere" { tags = [var.password] }
