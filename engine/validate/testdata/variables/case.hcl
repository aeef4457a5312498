runbook "case" {}

variable "port" {
  type    = number
  default = 70000
  validation {
    condition     = var.port < 65536
    error_message = "A port is below 65536."
  }
  validation {
    condition = var.port
  }
  validation {
    condition     = var.port > 0 && var.prot > 0
    error_message = ["a"]
  }
}

variable "name" {
  type = object({ first = string, last = optional(string) })
  validation {
    condition = var.name.frist != ""
  }
}
