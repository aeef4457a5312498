# Outputs are what a run gives back; with --json they are in run_finished, ready for the next program.
# A secret comes from the environment or a file, and is shown as (sensitive) wherever it turns up.
runbook "outputs-and-secrets" {}

variable "url" {
  type        = string
  description = "A service that wants a token."
}

provider "http" {
  base_url     = var.url
  bearer_token = secret("env:API_TOKEN")
}

step "http_request" "private" {
  url = "/private"
}

output "status" {
  description = "What the service answered."
  value       = step.private.status_code
}

output "token" {
  value     = secret("env:API_TOKEN")
  sensitive = true
}
