# What the runbooks of this folder and below share: providers, variables, locals, contacts and escalations.
# A block in a runbook replaces the one of its name here.
variable "path" {
  type    = string
  default = "/"
}

contact "storage" {
  role  = "Storage team"
  email = "storage@example.com"
}
