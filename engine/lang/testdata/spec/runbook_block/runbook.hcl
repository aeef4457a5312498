runbook "morning-check" {
  title        = "Morning check"
  description  = "Every weekday."
  owner        = contact.ops
  severity     = "P2"
  mttr_target  = "30m"
  tags         = ["daily", "health"]
  issue        = "nothing works"
  timeout      = "10m"
  max_parallel = 4
  on_failure   = "stop"
  schedule {
    cron     = "0 9 * * 1-5"
    timezone = "Europe/Berlin"
  }
}
contact "ops" { email = "ops@example.com" }
output "name" { value = runbook.name }
output "owner" { value = contact.ops.email }
