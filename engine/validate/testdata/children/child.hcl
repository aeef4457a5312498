runbook "child" {}
variable "table" { type = string }
variable "rows" {
  type    = number
  default = 1
}
step "demo_command" "write" {}
output "name" { value = var.table }
