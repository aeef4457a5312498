# Locals name expressions; functions work on lists, text, times and JSON. Numbers from words: duration and bytes.
# A check has no action: it states what must hold of other values, here of constants.
runbook "locals-and-functions" {}

locals {
  answer = jsondecode(<<-EOT
    {"pools": [{"name": "a", "ms": [12, 18, 240]}, {"name": "b", "ms": [9, 11, 14]}]}
  EOT
  )
  samples = jq(local.answer, "[.pools[].ms[]]")
  slow    = [for p in local.answer.pools : p.name if max(p.ms...) > 100]
}

check "latencies" {
  threshold "p95" {
    value = percentile(local.samples, 95)
    unit  = "ms"
    warn  = value > 200
  }
  threshold "median" {
    value  = median(local.samples)
    unit   = "ms"
    expect = value < 50
  }
  assert { condition = duration("1m30s") == 90 && bytes("2KiB") == 2048 }
  assert {
    condition     = length(local.slow) <= 1
    error_message = "Slow pools: ${join(", ", local.slow)}."
  }
}

output "slow_pools" { value = local.slow }
