variable "a" {
  default     = "workspace"
  description = "Gone, as the runbook's block wins whole."
}
variable "b" { default = "workspace" }
locals {
  x = "workspace"
  y = "workspace sees ${local.x}"
}
contact "lead" { email = "w@example.com" }
contact "other" { name = "Other" }
provider "db" {
  url             = "workspace"
  max_connections = 1
}
provider "db" { alias = "eu" }
