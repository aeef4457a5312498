runbook "case" {}

variable "clusters" {
  type = map(object({ port = number }))
}

step "demo_list" "tuple" {
  for_each = ["a", "b"]
}

step "demo_list" "string" {
  for_each = "a"
}

step "demo_list" "null" {
  for_each = null
}

step "demo_list" "numbers" {
  for_each = toset([1, 2])
}

step "demo_list" "objects" {
  for_each = [for i in step.known["eu"].items : i]
}

step "demo_list" "known" {
  for_each  = { eu = 1, us = 2 }
  namespace = each.key
  limit     = each.value
}

step "demo_list" "unknown" {
  for_each  = var.clusters
  namespace = each.value.prot
  limit     = each.value.port
}

step "demo_list" "expanded" {
  for_each  = { for i in step.known["eu"].items : i.name => i }
  namespace = each.value.nam
}

step "demo_list" "mixed" {
  for_each  = { a = { port = 1 }, b = {} }
  limit     = try(each.value.port, 443)
}

step "demo_ping" "single" {}

check "reads" {
  depends_on = [step.known["asia"], step.single["x"], step.known["eu"], step.nope, step.reads]
  assert { condition = step.known.count == 2 }
  assert { condition = step.known["asia"].count == 2 }
  assert { condition = step.known["eu"].cuont == 2 }
  assert { condition = step.unknown.count == 2 }
  assert { condition = step.unknown["a"].cuont == 2 }
  assert { condition = step.unknown["a"].count == 2 }
  assert { condition = alltrue([for k, s in step.unknown : s.count == 2 && s.cuont == 2]) }
  assert { condition = sum(values(step.unknown)[*].count) == 2 }
  assert { condition = step.unknown[*].count == 2 }
  assert { condition = step.single["x"].code == 200 }
  assert { condition = step.single.code == 200 && step.single["code"] == 200 }
  assert { condition = length(step.known) == 2 }
}
