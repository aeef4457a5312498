runbook "r" {}
variable "replicas" {
  type = number
}
variable "unset" {
  type        = string
  description = "Which cluster."
}
variable "list" { type = list(string) }
variable "map" { type = map(number) }
variable "not_null" {
  type     = string
  nullable = false
}
variable "pw" {
  type      = number
  sensitive = true
}
