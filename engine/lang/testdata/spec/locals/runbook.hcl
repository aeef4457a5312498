runbook "r" {}
variable "env" { default = "prod" }
locals {
  greeting = "hello ${local.name}"
  name     = upper(var.env)
  skipped  = step.a.count
  items    = [for s in ["x", "y"] : "${s}-${var.env}"]
}
step "web_request" "a" { url = "http://a" }
output "greeting" { value = local.greeting }
output "items" { value = local.items }
output "skipped" { value = local.skipped }
output "tried" { value = try(local.skipped, "none") }
output "unknown" { value = local.grreeting }
