runbook "morning-health-check" {
  title       = "Morning health check"
  description = "Is everything that the service needs there and well? Nine looks at it, every morning at nine."
  owner       = "DevOps team"
  tags        = ["daily"]
  timeout     = "5m"
  schedule {
    cron     = "0 9 * * *"
    timezone = "UTC"
  }
}

# 1. The cluster.

step "kubernetes_cluster" "cluster" {
  description = "The control plane lives and serves."
  assert {
    condition     = self.live && self.ready
    error_message = "The control plane is not well: ${join(", ", [for c in self.checks : "${c.name} ${c.message}" if !c.ok])}."
  }
  remedy {
    text       = "Nothing in the cluster can be changed or repaired until the control plane serves again."
    escalation = escalation.critical
  }
}

step "kubernetes_nodes" "nodes" {
  description = "All nodes are ready."
  assert {
    condition     = alltrue(self.nodes[*].ready)
    error_message = "Not ready: ${join(", ", self.not_ready)}."
  }
  remedy {
    text    = "Look at the node's conditions above. A node that stays away takes its pods with it."
    guide   = "TROUBLESHOOTING_GUIDE.md#deployment-issues"
    contact = contact.oncall
  }
}

# 2. The pods.

step "kubernetes_pods" "pods" {
  description    = "No pod is in another phase than Running."
  field_selector = "status.phase!=Running"
  show           = [for p in self.pods : "${p.name} ${p.reason} ${p.node}"]
  assert {
    condition     = self.count == 0
    error_message = "${self.count} not running: ${join(", ", self.not_running)}."
  }
  remedy {
    text    = "The step \"logs\" below shows what the service wrote last. Call on-call when users are affected."
    guide   = "TROUBLESHOOTING_GUIDE.md#deployment-issues"
    contact = contact.oncall
  }
}

# 3. The replicas.

step "kubernetes_deployments" "deployments" {
  description = "Every deployment has as many ready replicas as it asks for."
  assert {
    condition     = alltrue([for d in self.deployments : d.ready_replicas == d.replicas])
    error_message = "Replicas missing: ${join(", ", [for d in self.deployments : "${d.name} ${d.ready_replicas}/${d.replicas}" if d.ready_replicas != d.replicas])}."
  }
  remedy {
    text    = "A rollout may be under way (midday-status shows its history); else look for the pod that does not become ready."
    guide   = "TROUBLESHOOTING_GUIDE.md#issue-1-503-service-unavailable"
    contact = contact.oncall
  }
}

# 4. The database.

step "postgres_ping" "database" {
  description = "The database answers with its version."
  assert {
    condition = startswith(self.version, "PostgreSQL")
  }
  remedy {
    text       = "Without the database the service is down: treat it as critical."
    guide      = "TROUBLESHOOTING_GUIDE.md#issue-4-database-connection-errors"
    contact    = contact.dba
    escalation = escalation.critical
  }
}

# 5. The cache.

step "redis_ping" "redis" {
  description = "The cache answers."
  assert {
    condition = self.response == "PONG"
  }
  remedy {
    text    = "The service works without its cache, and slowly."
    guide   = "TROUBLESHOOTING_GUIDE.md#cache-issues"
    contact = contact.oncall
  }
}

# 6. The API.

step "http_request" "api" {
  description = "The API says that it is healthy."
  url         = "/health"
  assert {
    condition = self.json.status == "healthy"
  }
  remedy {
    text       = "Users see this. Look at the pods and their logs first."
    guide      = "TROUBLESHOOTING_GUIDE.md#issue-1-503-service-unavailable"
    escalation = escalation.critical
  }
}

# 7. The monitoring.

step "prometheus_targets" "targets" {
  description = "Prometheus has targets to scrape, and gets an answer from them."
  assert {
    condition     = self.count > 0
    error_message = "Prometheus scrapes nothing: no alert can fire."
  }
  assert {
    severity      = "warn"
    condition     = length(self.down) == 0
    error_message = "Not scraped: ${join(", ", self.down)}."
  }
  remedy {
    text    = "Until this is repaired, nobody is told when something breaks."
    guide   = "TROUBLESHOOTING_GUIDE.md#prometheus-not-scraping"
    contact = contact.oncall
  }
}

# 8. The certificate.

step "tls_certificate" "certificate" {
  description = "The site's certificate is valid for more than 30 days."
  address     = var.site_address
  server_name = var.site_server_name
  ca_file     = var.site_ca_file
  assert {
    condition     = self.verified
    error_message = "Browsers refuse it: ${coalesce(self.verify_error, "unknown")}."
  }
  threshold "days left" {
    value  = self.expires_in_days
    unit   = "days"
    expect = value > 7
    warn   = value <= 30
  }
  remedy {
    text    = "It should have been renewed by itself 30 days before its end: look at cert-manager."
    guide   = "TROUBLESHOOTING_GUIDE.md#issue-5-ssl-certificate-errors"
    contact = contact.security
  }
}

# 9. The disk.

step "local_disk" "disk" {
  description = "The disk is less than 80 % full."
  path        = var.disk_path
  threshold "disk used" {
    value  = self.used_percent
    unit   = "%"
    expect = value < 80
    warn   = value >= 70
  }
  remedy {
    text    = "Clean up logs, old images and temporary files, or enlarge the disk."
    guide   = "TROUBLESHOOTING_GUIDE.md#pod-eviction"
    contact = contact.oncall
  }
}

# When something is wrong: what the service wrote last.

step "kubernetes_logs" "logs" {
  description = "The service's last lines, when something above did not pass."
  run_if      = "failure"
  depends_on = [
    step.cluster, step.nodes, step.pods, step.deployments, step.database, step.redis, step.api, step.targets,
    step.certificate, step.disk,
  ]
  label_selector = var.app
  tail_lines     = 10
  show           = [for l in self.lines : "${l.pod} ${l.text}"]
}

# 10. The checklist.

locals {
  well = ["pass", "warn"]
  checklist = {
    "all pods running"    = contains(local.well, step.pods.outcome) && contains(local.well, step.deployments.outcome)
    "all nodes healthy"   = contains(local.well, step.cluster.outcome) && contains(local.well, step.nodes.outcome)
    "database accessible" = contains(local.well, step.database.outcome)
    "Redis accessible"    = contains(local.well, step.redis.outcome)
    "APIs responding"     = contains(local.well, step.api.outcome)
    "monitoring active"   = contains(local.well, step.targets.outcome)
    "SSL valid > 30 days" = step.certificate.outcome == "pass"
    "disk less than 80 %" = contains(local.well, step.disk.outcome)
  }
  open = [for point, holds in local.checklist : point if !holds]
}

check "checklist" {
  description = "The eight points of the checklist."
  run_if      = "always"
  assert {
    severity      = "warn" # what is behind a point failed above already, and says more
    condition     = length(local.open) == 0
    error_message = "Open: ${join(", ", local.open)}."
  }
  remedy {
    text    = "The steps above that did not pass say what to do. Call on-call when it is critical."
    guide   = "TROUBLESHOOTING_GUIDE.md"
    contact = contact.oncall
  }
}

output "checklist" {
  description = "The points of the checklist and whether each holds."
  value       = local.checklist
}
