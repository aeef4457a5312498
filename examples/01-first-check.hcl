# The smallest runbook that looks at something: one step reads a fact, one assertion says what must be true of it.
# Without an error_message the engine writes one, with the values that it saw.
runbook "first-check" {}

step "local_disk" "disk" {
  path = "/"
  assert { condition = self.used_percent < 95 }
}
