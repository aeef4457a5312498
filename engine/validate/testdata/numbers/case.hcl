runbook "case" {}

step "demo_list" "list" {
  namespace = "${1e600000000}"
  limit     = 1e600000000
  tags      = [1e-600000000]
  assert { condition = self.count == 1e300 }
}
