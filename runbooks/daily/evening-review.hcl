runbook "evening-review" {
  title       = "Evening review"
  description = "The day in numbers: exported as JSON, reported, and handed over to the night."
  owner       = "DevOps team"
  tags        = ["daily"]
  timeout     = "5m"
  schedule {
    cron     = "0 17 * * *"
    timezone = "UTC"
  }
}

locals {
  midnight = date("today", var.timezone)
  today    = formatdate("YYYY-MM-DD", local.midnight)
  # Every five minutes, counted back from now: from midnight on, the last ones would be missing.
  first = timeadd(local.midnight, "${tonumber(formatdate("m", timestamp())) % 5}m${formatdate("s", timestamp())}s")
}

# The day's metrics.

step "prometheus_query_range" "requests" {
  description = "Requests a second since midnight, every five minutes."
  query       = "rate(http_requests_total[5m])"
  start       = local.first
  end         = timestamp()
  step        = "5m"
  assert {
    condition     = self.count > 0
    error_message = "Prometheus has no requests of today."
  }
  remedy {
    guide   = "TROUBLESHOOTING_GUIDE.md#prometheus-not-scraping"
    contact = contact.oncall
  }
}

# The status report. The windows are the last 24 hours.

step "prometheus_query" "uptime" {
  description = "How much of the day the API could be scraped."
  query       = "100 * avg(avg_over_time(up{job=\"intelligent-agent\"}[1d]))"
  threshold "uptime" {
    value = self.value
    unit  = "%"
    warn  = value < 99.9
  }
  remedy {
    text = "The service level is 99.9 % a month, 43 minutes: open an incident when it is in danger."
  }
}

step "prometheus_slo" "availability" {
  description       = "What the day took of the error budget."
  objective_percent = 99.5 # the service level for errors is 0.5 %
  window            = "1d"
  errors            = "sum(rate(http_requests_total{status=~\"5..\"}[1d]))"
  total             = "sum(rate(http_requests_total[1d]))"
}

step "prometheus_query" "p95" {
  description = "The day's response time."
  query       = "1000 * histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[1d])))"
  threshold "response time, p95" {
    value  = self.value
    unit   = "ms"
    expect = value < 500  # the service level
    warn   = value >= 200 # the target
  }
  remedy {
    guide = "TROUBLESHOOTING_GUIDE.md#issue-2-high-latency--slow-response"
  }
}

step "prometheus_query" "p95_before" {
  description = "The response time of the day before, to compare."
  query       = "1000 * histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[1d] offset 1d)))"
}

step "prometheus_query" "error_rate" {
  description = "The day's errors."
  query       = <<-EOT
    100 * (sum(increase(http_requests_total{status=~"5.."}[1d])) or vector(0))
      / sum(increase(http_requests_total[1d]))
  EOT
  threshold "error rate" {
    value  = self.value
    unit   = "%"
    expect = value < 0.5  # the service level
    warn   = value >= 0.1 # the target
  }
  remedy {
    guide = "TROUBLESHOOTING_GUIDE.md#issue-1-503-service-unavailable"
  }
}

step "kubernetes_deployments" "deployments" {
  description = "The deployments and whether their rollouts are complete."
  assert {
    severity      = "warn"
    condition     = alltrue(self.deployments[*].complete)
    error_message = "Not complete: ${join(", ", [for d in self.deployments : d.name if !d.complete])}."
  }
  remedy {
    text  = "Do not leave a rollout half done for the night: finish it or undo it."
    guide = "TROUBLESHOOTING_GUIDE.md#deployment-issues"
  }
}

step "kubernetes_rollout_history" "rollouts" {
  description = "What was rolled out."
  for_each    = { for d in step.deployments.deployments : d.name => d.complete }
  resource    = "deployment/${each.key}"
  limit       = 10
}

step "prometheus_query" "alerts" {
  description = "How many alerts fired during the day, by severity."
  query       = <<-EOT
    count by (severity) (max by (alertname, severity) (max_over_time(ALERTS{alertstate="firing", severity!="none"}[1d])))
  EOT
  threshold "critical alerts" {
    value = sum(concat([0], [for s in self.series : s.value if lookup(s.labels, "severity", "") == "critical"]))
    unit  = "alerts"
    warn  = value > 0
  }
  remedy {
    text = "Each critical alert of the day belongs into the incident log."
  }
}

# A bad day is worth exporting too: what a step could not find out is null, and the rest is written.

locals {
  rolled_out = try({
    for name, history in step.rollouts : name => length([for r in history.revisions : r if timecmp(r.created_at, local.midnight) >= 0])
  }, {})
  deployments = try(step.deployments.deployments, [])
  finished    = [for d in local.deployments : lookup(local.rolled_out, d.name, 0) if d.complete]
  stuck       = [for d in local.deployments : d.name if !d.complete]
  alerts      = try({ for s in step.alerts.series : lookup(s.labels, "severity", "no severity") => s.value }, null)

  report = {
    date               = local.today
    uptime_percent     = try(step.uptime.value, null)
    p95_ms             = try(step.p95.value, null)
    p95_change_percent = try(100 * (step.p95.value / step.p95_before.value - 1), null)
    error_rate_percent = try(step.error_rate.value, null)
    error_budget_left  = try(step.availability.error_budget_remaining_percent, null)
    deployments        = { successful = sum(concat([0], local.finished)), failed = length(local.stuck) }
    alerts = {
      critical = try(lookup(local.alerts, "critical", 0), null)
      warning  = try(lookup(local.alerts, "warning", 0), null)
    }
  }
}

step "local_write_file" "metrics" {
  description = "The day's metrics, for the trends."
  run_if      = "always"
  path        = "${var.metrics_dir}/daily-metrics-${local.today}.json"
  content = jsonencode({
    report   = local.report
    requests = try(step.requests.series, [])
  })
  precondition {
    condition     = contains(["pass", "warn"], step.requests.outcome)
    error_message = "There is nothing to export: the day's requests are not known. An earlier file of today is left as it is."
  }
  remedy {
    text    = "Run this again when Prometheus answers; it keeps the day's data."
    guide   = "TROUBLESHOOTING_GUIDE.md#prometheus-not-scraping"
    contact = contact.oncall
  }
}

output "report" {
  description = "The status report, for the incident log."
  value       = local.report
}

output "handoff" {
  description = "What the night team should know; post it to #operations-oncall."
  value = join("\n", [
    "Handoff ${local.today}",
    "- Uptime: ${try(format("%.2f%%", local.report.uptime_percent), "unknown")}",
    "- P95 response time: ${try(format("%.0f ms", local.report.p95_ms), "unknown")}",
    "- Error rate: ${try(format("%.2f%%", local.report.error_rate_percent), "unknown")}",
    "- Deployments: ${local.report.deployments.successful} successful, ${local.report.deployments.failed} failures",
    "- Alerts: ${coalesce(local.report.alerts.critical, "unknown")} critical, ${coalesce(local.report.alerts.warning, "unknown")} warnings",
    "- Notable: ${try(format("response time changed by %+.0f%% against the day before", local.report.p95_change_percent), "no day before to compare with")}",
  ])
}

output "metrics_file" {
  description = "Where the day's metrics are; null when they could not be written."
  value       = try(step.metrics.path, null)
}
