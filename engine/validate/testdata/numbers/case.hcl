runbook "case" {}

step "demo_list" "list" {
  namespace = "${1e6000}"
  limit     = 1e6000
  tags      = [1e-6000]
  assert { condition = self.count == 1e300 }
}
