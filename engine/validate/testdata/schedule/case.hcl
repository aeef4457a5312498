runbook "case" {
  owner = 5
  schedule {
    cron     = "61 9 * * 1-5"
    timezone = "Europe/Atlantis"
  }
}
