# Its variable comes from the environment in workspace.hcl: runbook apply disk.hcl --env staging
# A write would need an approval in production, and nothing here may destroy anything.
runbook "disk" {}

variable "least_free_gib" {
  type = number
}

step "local_disk" "disk" {
  path = "/"
  assert { condition = self.free_bytes >= var.least_free_gib * bytes("1GiB") }
}
