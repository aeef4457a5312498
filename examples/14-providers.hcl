# Provider blocks say which systems the steps go to: one for each key of a map, and one under a name of its own.
# A step picks one with `provider`; with for_each, the same check runs against every system.
runbook "providers" {}

variable "regions" {
  type        = map(string)
  description = "Base URLs by region."
}

provider "http" {
  for_each = var.regions
  base_url = each.value
}

provider "http" {
  alias    = "probe"
  base_url = values(var.regions)[0]
  headers  = { "X-Probe" = "runbook" }
}

step "http_request" "health" {
  for_each = var.regions
  provider = provider.http[each.key]
  url      = "/health"
}

step "http_request" "probe" {
  provider = provider.http.probe
  url      = "/health"
}

output "statuses" { value = { for region, answer in step.health : region => answer.status_code } }
