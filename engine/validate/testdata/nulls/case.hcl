runbook "case" {}

variable "some" {
  type    = list(string)
  default = []
}

step "demo_list" "list" {
  tags    = ["a", null]
  queries = [for t in var.some : t]
  words   = { a = "b", c = null }
}

step "demo_list" "decided" {
  tags = [step.list.count > 1 ? "a" : null, step.list.version]
}
