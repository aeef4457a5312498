variable "replicas" {
  type    = number
  default = 1
}
escalation "oncall" {
  level { contact = "ops" }
}
environment "production" {
  variables = {
    replicas = 3
    only_elsewhere = "x"
  }
  policy { effects = ["read", "write"] }
}
environment "staging" {}
policy { commands = [] }
