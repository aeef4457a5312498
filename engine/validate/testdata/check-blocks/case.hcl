runbook "case" {}

check "bad" {
  provider = provider.demo
  timeout  = "5s"
  effect   = "read"
  retry {}
  poll { until = true }
  precondition { condition = true }
  assert { condition = true }
}
