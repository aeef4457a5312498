runbook "case" {}

locals {
  a = local.b
  b = local.a
}

step "demo_list" "one" {
  namespace = step.two.version
}

step "demo_list" "two" {
  depends_on = [step.three]
}

step "demo_list" "three" {
  namespace = local.c
  assert { condition = step.three.count == 1 }
}

locals {
  c = step.one.version
}
