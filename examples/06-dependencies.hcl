# Steps run side by side unless one refers to another: `free` waits for `disk`, `memory` for nobody.
# A check states what must hold of several steps together; depends_on orders steps without a reference.
runbook "dependencies" {}

step "local_disk" "disk" { path = "/" }

step "local_memory" "memory" {}

check "free" {
  assert {
    condition     = step.disk.free_bytes > bytes("1MiB") && step.memory.available_bytes > bytes("1MiB")
    error_message = "Next to nothing is free."
  }
}

step "local_files" "logs" {
  depends_on = [step.free]
  pattern    = "/var/log/**/*.log"
}
