# Two runs that hold one lock never overlap, whichever runbooks they are of; a paused run keeps it.
# Try it: runbook apply 23-lock.hcl --lock-timeout 1m, in two shells.
runbook "lock" {
  lock = "this-machine"
}

step "local_memory" "memory" {
  assert { condition = self.total_bytes > 0 }
}
