# What run.hcl runs with a secret.
runbook "child" {}

variable "token" {
  type      = string
  sensitive = true
}

step "local_command" "prints" {
  effect  = "read"
  command = ["sh", "-c", "printf 'it is %s, %s' \"$TOKEN\" \"$RUNBOOK_KEY\""]
  env     = { TOKEN = var.token }
  show    = self.stdout
}

output "token" { value = var.token }
output "made" {
  value     = upper(var.token)
  sensitive = true
}
output "printed" { value = step.prints.stdout }
