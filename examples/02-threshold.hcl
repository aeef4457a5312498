# A threshold is a named number with what it must be and what is worth a warning.
# Its value is kept with the run, so that `runbook show` tells it later.
runbook "threshold" {}

step "local_memory" "memory" {
  threshold "memory used" {
    value  = self.used_percent
    unit   = "%"
    expect = value < 99
    warn   = value > 95
  }
  threshold "load per CPU" {
    value = self.load1 / self.cpus
    warn  = value > 50
  }
}
