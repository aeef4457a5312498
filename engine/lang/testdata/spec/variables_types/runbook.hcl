runbook "r" {}
variable "s" { type = string }
variable "n" { type = number }
variable "b" { type = bool }
variable "l" { type = list(string) }
variable "o" {
  type = object({ a = string, b = optional(number, 5) })
}
variable "m" { type = map(number) }
variable "any" {}
variable "nothing" {
  type    = string
  default = null
}
output "all" { value = [var.s, var.n, var.b, var.l, var.o, var.m, var.any, var.nothing] }
