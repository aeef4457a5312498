runbook "case" {}

locals {
  count = step.list.cuont
}

step "demo_list" "list" {
  assert { condition = alltrue(self.items[*].redy) }
  assert { condition = alltrue([for i in self.items : i.raedy]) }
  assert { condition = alltrue([for i in self.items : i.usage.cpu > 1 && i.usage.cqu > 1]) }
  assert { condition = self.items[0].nmae == "a" }
  assert { condition = self.items.name == "a" }
  assert { condition = self.count.value == 1 }
  assert { condition = self.unheard_of == 1 }
  assert { condition = self.items[0].labels["app"] == "x" && self.items[0].labels.app == "x" }
  assert { condition = self.json.anything.at[0].all == 1 }
  assert { condition = self.duration_ms < 100 && self.attempts == 1 && self.started_at != "" }
  assert { condition = self.outcome == "pass" }
  assert { condition = { for i in self.items : i.name => i }["a"].redy }
  assert { condition = [for i in self.items : { n = i.name }][0].m == "a" }
  assert { condition = (self.items)[0].usage.cpus > 1 }
}

check "others" {
  assert { condition = step.list.outcome == "pass" && step.list.error == null }
  assert { condition = step.list.items[0].nam == "a" }
  assert { condition = local.count == 1 }
}
