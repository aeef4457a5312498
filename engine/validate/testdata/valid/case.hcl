runbook "case" {
  owner = contact.ops
  schedule {
    cron     = "0 9 * * 1-5"
    timezone = "Europe/Berlin"
  }
}

variable "namespace" {
  type    = string
  default = "production"
  validation {
    condition     = length(var.namespace) > 0
    error_message = "Name a namespace."
  }
}

contact "ops" { name = "Operations" }

escalation "page" {
  level {
    contact = contact.ops
    after   = "5m"
  }
}

provider "cluster" {
  url   = "https://example.com"
  token = secret("env:TOKEN")
}

locals {
  limit  = 5
  ready  = [for i in step.list.items : i.name if i.ready]
  lookup = { for i in step.list.items : i.name => i.restarts }
}

step "demo_list" "list" {
  namespace = var.namespace
  limit     = local.limit
  assert {
    condition     = alltrue(self.items[*].ready)
    error_message = "Not ready: ${join(", ", self.not_ready)}."
  }
  threshold "restarts" {
    value = max(0, self.items[*].restarts...)
    unit  = "restarts"
    warn  = value > local.limit
  }
  remedy {
    text       = "It ${self.outcome == "fail" ? "failed" : "did not pass"}: ${coalesce(self.error, "no error")}."
    contact    = contact.ops
    escalation = escalation.page
  }
  show = [for i in self.items : "${i.name} ${i.created_at}"]
}

step "cluster_restart" "each" {
  for_each   = toset(local.ready)
  when       = each.key != "a" && lookup(local.lookup, each.value, 0) > 3
  depends_on = [step.list]
  assert { condition = contains([200, 204], self.code) }
}

check "all" {
  run_if = "always"
  assert { condition = alltrue([for k, s in step.each : s.code == 200]) }
  assert { condition = alltrue([for c in values(step.each)[*].code : c == 200]) }
  assert {
    condition = try(step.list.json.deep.field, "none") == "none"
    severity  = "warn"
  }
  assert { condition = step.list.outcome != "error" || run.environment == null }
}

output "ready" { value = local.ready }
output "text" { value = jsonencode({ id = run.id, all = step.each, file = runbook.dir }) }
