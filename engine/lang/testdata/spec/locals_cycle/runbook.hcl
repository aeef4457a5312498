runbook "r" {}
locals {
  a = local.b
  b = local.c + 1
  c = local.a
  d = local.d
}
output "a" { value = local.a }
output "d" { value = try(local.d, 1) }
