runbook "r" {}
variable "a" {
  type    = number
  default = "x"
}
variable "b" { default = local.x }
variable "c" {
  nullable = false
  default  = null
}
variable "d" { type = strng }
variable "e" { type = list }
locals { x = 1 }
