runbook "r" {}
variable "replicas" {
  type    = number
  default = 0
  validation {
    condition     = var.replicas > 0
    error_message = "At least one replica, not ${var.replicas}."
  }
  validation {
    condition = var.replicas < 10 && var.replicas != 0
  }
}
variable "name" {
  type = string
  validation {
    condition     = can(regex("^[a-z]+$", var.name))
    error_message = "Lower-case letters only."
  }
}
variable "secret" {
  sensitive = true
  default   = "s"
  validation {
    condition     = length(var.secret) > 3
    error_message = "Too short: ${var.secret}."
  }
}
