runbook "r" {}
variable "password" {
  sensitive = true
  default   = "hunter2"
}
output "plain" { value = var.password }
output "in_text" { value = "postgres://${var.password}@host" }
output "in_list" { value = [1, var.password] }
output "length" { value = length(var.password) }
output "split" { value = split("", var.password) }
output "hash" { value = sha256(var.password) }
output "jq" { value = jq({ a = var.password }, ".a") }
output "lookup" { value = lookup({ a = var.password, b = "open" }, "b") }
output "secret" { value = secret("env:PASSWORD") }
output "env" { value = env("PASSWORD") }
output "unset" { value = env("NOT_SET") }
output "no_secret" { value = secret("env:NOT_SET") }
output "bad_secret" { value = secret("NOT_SET") }
output "nonsensitive" { value = nonsensitive(length(var.password)) }
