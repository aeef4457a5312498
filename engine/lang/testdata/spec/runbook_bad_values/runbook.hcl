runbook "Morning_Check" {
  title        = 7
  severity     = "P5"
  mttr_target  = "soon"
  tags         = ["daily", 3]
  timeout      = "-5m"
  max_parallel = 0
  on_failure   = "halt"
  ownr         = "devops"
  schedule { timezone = "UTC" }
  schedule { cron = "0 9 * * *" }
}
