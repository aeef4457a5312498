# Variables with a type, a default and rules; set them with --var, --var-file or RUNBOOK_VAR_<name>.
# A value that breaks a rule stops the run before anything is done, and the message says which rule.
runbook "variables" {}

variable "path" {
  type        = string
  default     = "/"
  description = "A path on the disk to check."
  validation {
    condition     = startswith(var.path, "/")
    error_message = "Write an absolute path, not ${var.path}."
  }
}

variable "limit" {
  type    = number
  default = 95
  validation {
    condition = var.limit > 0 && var.limit <= 100
  }
}

step "local_disk" "disk" {
  path = var.path
  threshold "disk used" {
    value  = self.used_percent
    unit   = "%"
    expect = value < var.limit
  }
}
