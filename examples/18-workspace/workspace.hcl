# What the runbooks of this folder and below share: providers, variables, locals, contacts and escalations.
# A runbook's own block of the same name wins.
variable "path" {
  type    = string
  default = "/"
}

contact "storage" {
  role  = "Storage team"
  email = "storage@example.com"
}
