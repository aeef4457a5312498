runbook "midday-status" {
  title       = "Midday status"
  description = "A look at pods, resources, rollouts and events at noon; it takes no five minutes."
  owner       = "DevOps team"
  tags        = ["daily"]
  timeout     = "5m"
  schedule {
    cron     = "0 12 * * *"
    timezone = "UTC"
  }
}

# Status.

step "kubernetes_pods" "pods" {
  description = "Every pod runs, and kubectl would show nothing else beside it."
  show        = [for p in self.pods : "${p.name} ${p.reason} ${p.restarts} restarts ${p.node}" if p.reason != "Running"]
  assert {
    condition     = alltrue([for p in self.pods : p.reason == "Running"])
    error_message = "Not running: ${join(", ", [for p in self.pods : "${p.name} (${p.reason})" if p.reason != "Running"])}."
  }
  assert {
    severity      = "warn"
    condition     = length(self.not_ready) == 0
    error_message = "Running and not ready: ${join(", ", self.not_ready)}."
  }
  remedy {
    text    = "The events below say why."
    guide   = "TROUBLESHOOTING_GUIDE.md#deployment-issues"
    contact = contact.oncall
  }
}

# Resources.

step "kubernetes_top_nodes" "nodes" {
  description = "CPU and memory of each node."
  show        = [for n in self.items : format("%s CPU %dm (%.0f%%) memory %.0f MiB (%.0f%%)", n.name, n.cpu_millicores, n.cpu_percent, n.memory_bytes / bytes("1MiB"), n.memory_percent)]
  threshold "busiest node" {
    value = max(self.items[*].cpu_percent...)
    unit  = "%"
    warn  = value > 80
  }
  threshold "fullest node" {
    value = max(self.items[*].memory_percent...)
    unit  = "%"
    warn  = value > 80
  }
  remedy {
    guide = "TROUBLESHOOTING_GUIDE.md#performance-troubleshooting"
  }
}

step "kubernetes_top_pods" "top_pods" {
  description = "The ten pods that take the most CPU."
  show = [
    for p in slice(self.items, 0, min(10, length(self.items))) :
    format("%s CPU %dm memory %.0f MiB", p.name, p.cpu_millicores, p.memory_bytes / bytes("1MiB"))
  ]
}

# Deployments.

step "kubernetes_rollout_history" "rollouts" {
  description = "The last five rollouts of the backend."
  resource    = var.backend
  limit       = 5
  show        = [for r in self.revisions : "${r.revision} ${r.created_at} ${coalesce(r.change_cause, "no cause given")} ${join(" ", r.images)}"]
  assert {
    condition     = self.count > 0
    error_message = "The backend has never been rolled out."
  }
}

step "kubernetes_rollout_status" "rollout" {
  description = "The latest rollout is complete."
  resource    = var.backend
  assert {
    severity      = "warn"
    condition     = self.complete
    error_message = self.message
  }
  remedy {
    text  = "Under way, or stuck: look again in five minutes."
    guide = "TROUBLESHOOTING_GUIDE.md#deployment-issues"
  }
}

# Events.

step "kubernetes_events" "events" {
  description = "The last ten events."
  limit       = 10
  show        = [for e in self.events : "${e.last_seen_at} ${e.type} ${e.reason} ${e.object}: ${e.message}"]
  assert {
    severity      = "warn"
    condition     = alltrue([for e in self.events : e.type != "Warning"])
    allow_empty   = true
    error_message = "Warnings: ${join(", ", distinct([for e in self.events : "${e.reason} ${e.object}" if e.type == "Warning"]))}."
  }
  remedy {
    guide = "TROUBLESHOOTING_GUIDE.md#deployment-issues"
  }
}

output "resources" {
  description = "The snapshot: usage by node."
  value = try({
    for n in step.nodes.items : n.name => {
      cpu_percent    = n.cpu_percent
      memory_percent = n.memory_percent
    }
  }, null)
}

output "revision" {
  description = "What the backend runs."
  value       = try("revision ${step.rollouts.revisions[0].revision}: ${join(", ", step.rollouts.revisions[0].images)}", null)
}
