# The API, its certificates and its metrics.
# One certificate is good; the others expire soon, have expired, or are signed by themselves, and each is recognized.
runbook "lab-web" {}

step "http_request" "health" {
  url = "/health"
  assert { condition = self.json.status == "healthy" }
}

step "http_request" "moved" {
  url = "/redirect"
  assert { condition = endswith(self.url, "/health") }
}

step "http_request" "broken" {
  url             = "/fail"
  expected_status = [500]
}

step "http_request" "slow" {
  url   = "/slow"
  query = { ms = "50" }
  threshold "latency" {
    value  = self.latency_ms
    unit   = "ms"
    expect = value >= 50
  }
}

locals {
  sites = {
    good        = { address = env("LAB_SITE_ADDRESS"), verified = true }
    expiring    = { address = env("LAB_EXPIRING_ADDRESS"), verified = true }
    expired     = { address = env("LAB_EXPIRED_ADDRESS"), verified = false }
    self_signed = { address = env("LAB_SELF_SIGNED_ADDRESS"), verified = false }
  }
}

step "tls_certificate" "certificates" {
  for_each    = local.sites
  address     = each.value.address
  server_name = env("LAB_SITE_SERVER_NAME")
  ca_file     = env("LAB_CA_FILE")
  assert { condition = self.verified == each.value.verified }
}

check "days_left" {
  threshold "good" {
    value  = step.certificates["good"].expires_in_days
    unit   = "days"
    expect = value > 30
  }
  threshold "expiring" {
    value  = step.certificates["expiring"].expires_in_days
    unit   = "days"
    expect = value > 0
    warn   = value <= 30
  }
  assert { condition = step.certificates["self_signed"].self_signed }
}

step "prometheus_targets" "targets" {
  assert { condition = self.up >= 2 && length(self.down) == 0 }
}

step "prometheus_query" "rate" {
  query = "sum(rate(http_requests_total[1m]))"
  threshold "requests a second" {
    value  = self.value
    expect = value > 0
  }
}

step "prometheus_query_range" "rates" {
  query = "sum(rate(http_requests_total[1m]))"
  start = timeadd(timestamp(), "-5m")
  end   = timestamp()
  step  = "30s"
  assert { condition = self.count == 1 }
}

step "prometheus_alerts" "alerts" {
  state  = "firing"
  labels = { alertname = "Watchdog" }
  assert { condition = self.count == 1 }
}

step "prometheus_rules" "rules" {
  type = "alert"
  assert { condition = alltrue([for r in self.rules : r.health == "ok"]) }
}

step "prometheus_slo" "slo" {
  objective_percent = 99
  window            = "1h"
  errors            = "sum(rate(http_requests_total{status=~\"5..\"}[1h]))"
  total             = "sum(rate(http_requests_total[1h]))"
  threshold "error budget left" {
    value = self.error_budget_remaining_percent
    unit  = "%"
    warn  = value < 50
  }
}
