runbook "case" {}

variable "v" {
  validation {
    condition = local.l == step.list.count
  }
}

locals {
  l    = self.count
  m    = each.key
  deep = step.list.count
}

provider "cluster" {
  url   = "https://${step.list.version}"
  token = local.deep
}

provider "cluster" {
  alias = "two"
  url   = each.key
  token = self.x
}

step "demo_list" "list" {
  namespace = self.version
  limit     = each.value
  when      = self.count == 1
  for_each  = each.value
  precondition {
    condition     = self.count == 1
    error_message = "no ${self.count}"
  }
}

step "demo_list" "single" {
  namespace = each.key
  assert { condition = each.value == 1 }
  remedy {
    text = "It was ${self.outcome}: ${self.error}; value ${value}"
  }
}

check "bare" {
  assert { condition = self.count == 1 }
  assert { condition = self.duration_ms < 10 }
  remedy { text = self.outcome }
}

output "o" {
  value = "${self.count} ${each.key} ${value}"
}
