runbook "monitoring-review" {
  title       = "Morning monitoring review"
  description = "What the metrics, alerts, logs and slow queries say of the night, at a quarter past nine."
  owner       = "DevOps team"
  tags        = ["daily"]
  timeout     = "5m"
  schedule {
    cron     = "15 9 * * *"
    timezone = "UTC"
  }
}

# The five graphs of the dashboard.

step "prometheus_query" "response_time" {
  description = "How long the API takes to answer 95 of 100 requests."
  query       = "1000 * histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))"
  threshold "response time, p95" {
    value  = self.value
    unit   = "ms"
    expect = value < 500  # the service level
    warn   = value >= 200 # the target
  }
  remedy {
    text  = "Compare CPU, memory and slow queries below; then ${var.dashboard_url}."
    guide = "TROUBLESHOOTING_GUIDE.md#issue-2-high-latency--slow-response"
  }
}

step "prometheus_query" "error_rate" {
  description = "Requests that the API answers with a server's error."
  query       = <<-EOT
    100 * (sum(rate(http_requests_total{status=~"5.."}[5m])) or vector(0))
      / sum(rate(http_requests_total[5m]))
  EOT
  threshold "error rate" {
    value  = self.value
    unit   = "%"
    expect = value < 0.1
  }
  remedy {
    text       = "The step \"logs\" shows the errors that the service wrote; then ${var.dashboard_url}."
    guide      = "TROUBLESHOOTING_GUIDE.md#issue-1-503-service-unavailable"
    escalation = escalation.urgent
  }
}

step "kubernetes_top_nodes" "nodes" {
  description = "CPU and memory of the nodes."
  show        = [for n in self.items : format("%s CPU %.0f%% memory %.0f%%", n.name, n.cpu_percent, n.memory_percent)]
  threshold "CPU" {
    value  = self.cpu_percent
    unit   = "%"
    expect = value < 70
  }
  threshold "memory" {
    value  = avg(self.items[*].memory_percent)
    unit   = "%"
    expect = value < 80
  }
  remedy {
    text  = "midday-status shows which pods take the most."
    guide = "TROUBLESHOOTING_GUIDE.md#performance-troubleshooting"
  }
}

# pg_stat_statements keeps means, no percentiles. This is the mean time of the statement that the 95th of 100 calls,
# ordered by how long they take, is a call of.
step "postgres_query" "query_time" {
  description = "How long the database takes for 95 of 100 queries."
  sql         = <<-EOT
    SELECT coalesce(min(mean_exec_time) FILTER (WHERE share >= 0.95), 0)::float8 AS p95_ms
    FROM (
      SELECT mean_exec_time, sum(calls) OVER (ORDER BY mean_exec_time) / sum(calls) OVER () AS share
      FROM pg_stat_statements
      WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS statements
  EOT
  threshold "query time, p95" {
    value  = self.rows[0].p95_ms
    unit   = "ms"
    expect = value < 50
  }
  remedy {
    text    = "The step \"slow_queries\" names the slowest statements."
    guide   = "TROUBLESHOOTING_GUIDE.md#slow-api-endpoints"
    contact = contact.dba
  }
}

# Alerts.

step "prometheus_alerts" "alerts" {
  description = "No alert fires that is not expected."
  state       = "firing"
  show        = [for a in self.alerts : "${a.name} (${lookup(a.labels, "severity", "no severity")}) since ${a.active_at}"]
  assert {
    condition     = alltrue([for a in self.alerts : contains(var.expected_alerts, a.name)])
    allow_empty   = true
    error_message = "Firing: ${join(", ", [for a in self.alerts : a.name if !contains(var.expected_alerts, a.name)])}."
  }
  remedy {
    text       = "Acknowledge it, and follow the runbook of its alert. An alert of a maintenance under way belongs into expected_alerts."
    escalation = escalation.urgent
  }
}

step "prometheus_rules" "rules" {
  description = "The alert rules that fire, and whether all rules can be evaluated."
  show        = [for r in self.rules : "${r.group} ${r.name}" if r.state == "firing"]
  assert {
    condition     = alltrue([for r in self.rules : r.health != "err"])
    error_message = "Rules that cannot be evaluated: ${join(", ", [for r in self.rules : "${r.name}: ${r.last_error}" if r.health == "err"])}."
  }
  assert {
    condition     = length([for r in self.rules : r if r.type == "alert"]) > 0
    error_message = "There is no alert rule: nothing can ever fire."
  }
  assert {
    severity      = "warn"
    condition     = alltrue([for r in self.rules : contains(var.expected_alerts, r.name) if r.state == "firing"])
    allow_empty   = true
    error_message = "Firing: ${join(", ", [for r in self.rules : r.name if r.state == "firing" && !contains(var.expected_alerts, r.name)])}."
  }
  remedy {
    text  = "A rule that cannot be evaluated never fires: repair it first."
    guide = "TROUBLESHOOTING_GUIDE.md#monitoring--logging"
  }
}

# Logs.

step "kubernetes_logs" "logs" {
  description    = "The service's last lines hold no error."
  label_selector = var.app
  tail_lines     = 100
  match          = "(?i)error|fatal|panic|critical"
  show           = [for l in slice(self.lines, 0, min(5, length(self.lines))) : "${l.pod} ${l.text}"]
  assert {
    condition     = alltrue([for l in self.lines : length(regexall("(?i)fatal|panic|critical", l.text)) == 0])
    allow_empty   = true
    error_message = "Critical errors in the logs."
  }
  threshold "lines with errors" {
    value = self.match_count
    unit  = "lines"
    warn  = value > 0
  }
  remedy {
    text    = "Read them above. Critical errors are on-call's."
    guide   = "TROUBLESHOOTING_GUIDE.md#common-issues--solutions"
    contact = contact.oncall
  }
}

# Slow queries.

step "postgres_slow_queries" "slow_queries" {
  description = "The five statements with the longest mean time."
  limit       = 5
  show        = [for q in self.queries : "${floor(q.mean_ms)} ms × ${q.calls}: ${substr(replace(q.query, "/\\s+/", " "), 0, 80)}"]
  threshold "slowest statement, mean" {
    value = max(0, self.queries[*].mean_ms...)
    unit  = "ms"
    warn  = value > 1000
  }
  remedy {
    text    = "Explain it, and add an index where one is missing."
    guide   = "TROUBLESHOOTING_GUIDE.md#slow-api-endpoints"
    contact = contact.dba
  }
}

# Anomalies.

step "prometheus_query_range" "response_times" {
  description = "The response time of the last six hours."
  query       = "1000 * histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))"
  start       = timeadd(timestamp(), "-6h")
  end         = timestamp()
  step        = "5m"
}

check "spikes" {
  description = "The response time has no spikes and does not grow."
  threshold "highest response time" {
    value = length(local.response_times) == 0 ? 1 : max(local.response_times...) / max(median(local.response_times), 1)
    unit  = "times the median"
    warn  = value > 3
  }
  threshold "response time, later half" {
    value = length(local.response_times) < 12 ? 1 : avg(local.later) / max(avg(local.earlier), 1)
    unit  = "times the earlier half"
    warn  = value > 1.5
  }
  remedy {
    text  = "Look at ${var.dashboard_url} for what happened at the same time: deployments, jobs, traffic."
    guide = "TROUBLESHOOTING_GUIDE.md#issue-2-high-latency--slow-response"
  }
}

locals {
  response_times = [for v in flatten(step.response_times.series[*].values) : v.value if v.value != null]
  half           = floor(length(local.response_times) / 2)
  earlier        = slice(local.response_times, 0, local.half)
  later          = slice(local.response_times, local.half, length(local.response_times))
}

step "prometheus_query" "cpu_sustained" {
  description = "The busiest process's CPU, at its lowest in the last hour."
  # A process that has started within the minute has no full minute yet: its rate of now counts.
  query = "100 * max(min_over_time(rate(process_cpu_seconds_total[5m])[1h:1m]) or rate(process_cpu_seconds_total[5m]))"
  threshold "CPU, lowest of the last hour" {
    value  = self.value
    unit   = "% of a core"
    expect = value <= 80
  }
  remedy {
    text  = "A process that never gets below this needs more replicas, or has a loop."
    guide = "TROUBLESHOOTING_GUIDE.md#high-cpu-usage"
  }
}

step "prometheus_query_range" "memory" {
  description = "The memory of each process in the last six hours."
  query       = "avg_over_time(process_resident_memory_bytes[30m])"
  start       = timeadd(timestamp(), "-6h")
  end         = timestamp()
  step        = "1h"
}

check "memory_growth" {
  description = "No process's memory grows hour after hour."
  assert {
    severity      = "warn"
    condition     = length(local.growing) == 0
    error_message = "Grew by more than 5 % in each of the last hours: ${join(", ", local.growing)}."
  }
  remedy {
    text  = "A leak. Plan a restart before the limit is reached, then look for it."
    guide = "TROUBLESHOOTING_GUIDE.md#issue-3-memory-leak"
  }
}

locals {
  growing = [
    for s in step.memory.series : lookup(s.labels, "instance", "?")
    if length(s.values) >= 4 && alltrue([for i in range(1, length(s.values)) : s.values[i].value > 1.05 * s.values[i - 1].value])
  ]
}

step "postgres_activity" "connections" {
  description = "The database has connections to spare, and nobody waits for a lock."
  threshold "connections used" {
    value  = self.used_percent
    unit   = "%"
    expect = value < 95
    warn   = value >= 80
  }
  assert {
    severity      = "warn"
    condition     = self.blocked == 0
    error_message = "${self.blocked} sessions wait for a lock."
  }
  remedy {
    text    = "Look for idle sessions and for a pool that is too large."
    guide   = "TROUBLESHOOTING_GUIDE.md#connection-pool-issues"
    contact = contact.dba
  }
}

step "kubernetes_logs" "failed_connections" {
  description    = "The service reached its database."
  label_selector = var.app
  tail_lines     = 1000
  match          = "(?i)ECONNREFUSED|too many connections|connection (timeout|timed out|refused)|connect to database"
  show           = [for l in slice(self.lines, 0, min(5, length(self.lines))) : "${l.pod} ${l.text}"]
  assert {
    condition     = self.match_count == 0
    error_message = "${self.match_count} lines tell of failed connections."
  }
  remedy {
    guide   = "TROUBLESHOOTING_GUIDE.md#issue-4-database-connection-errors"
    contact = contact.dba
  }
}

step "prometheus_targets" "scrapes" {
  description = "Every target answers Prometheus."
  assert {
    condition     = self.count > 0 && length(self.down) == 0
    error_message = "Not scraped: ${join(", ", [for t in self.targets : "${t.instance}: ${t.last_error}" if t.health != "up"])}."
  }
  remedy {
    guide   = "TROUBLESHOOTING_GUIDE.md#prometheus-not-scraping"
    contact = contact.oncall
  }
}

step "prometheus_query" "failed_scrapes" {
  description = "Scrapes that failed in the last hour."
  query       = "sum(count_over_time(up[1h]) - sum_over_time(up[1h]))"
  threshold "failed scrapes" {
    value = self.value
    unit  = "scrapes"
    warn  = value > 0
  }
  remedy {
    text  = "A target was away for a while: compare with restarts and rollouts."
    guide = "TROUBLESHOOTING_GUIDE.md#prometheus-not-scraping"
  }
}

output "dashboard" {
  description = "Where the graphs are."
  value       = var.dashboard_url
}

output "metrics" {
  description = "The five numbers of the dashboard."
  value = {
    response_time_p95_ms = try(step.response_time.value, null)
    error_rate_percent   = try(step.error_rate.value, null)
    cpu_percent          = try(step.nodes.cpu_percent, null)
    memory_percent       = try(avg(step.nodes.items[*].memory_percent), null)
    query_time_p95_ms    = try(step.query_time.rows[0].p95_ms, null)
  }
}
