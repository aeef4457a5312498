# What morning.hcl runs. It is a runbook like any other.
# Try it alone: runbook apply disk.hcl --var path=/tmp
runbook "disk" {}

variable "path" {
  type    = string
  default = "/tmp"
}

step "local_disk" "disk" {
  path = var.path
}

output "free_bytes" {
  value = step.disk.free_bytes
}
