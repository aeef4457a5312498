# The variable and the contact come from workspace.hcl beside this file.
# workspace.hcl may also be in any folder above.
runbook "disk" {
  owner = contact.storage
}

step "local_disk" "disk" {
  path = var.path
  assert { condition = self.free_bytes > 0 }
  remedy {
    contact = contact.storage
  }
}
