# for_each over a map: one instance of the step for each key, all of them side by side.
# Other steps see an object by key: step.disks["root"], or values(step.disks) for all.
runbook "for-each" {}

variable "paths" {
  type = map(string)
  default = {
    root      = "/"
    temporary = "/tmp"
  }
}

step "local_disk" "disks" {
  for_each = var.paths
  path     = each.value
  threshold "used" {
    value  = self.used_percent
    unit   = "%"
    expect = value < 99
  }
}

output "fullest_percent" { value = max(values(step.disks)[*].used_percent...) }
output "root_mount" { value = step.disks["root"].mount }
