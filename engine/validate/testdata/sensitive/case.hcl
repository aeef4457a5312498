runbook "case" {}

variable "password" {
  default   = "hunter2"
  sensitive = true
}

provider "cluster" {
  url   = sensitive("ftp://hunter2")
  token = ["hunter2"]
}

step "demo_list" "list" {
  limit     = sensitive("hunter2")
  query     = sensitive("x")
  state     = var.password
  namespace = "${secret("env:A")}-${sensitive("b")}"
  assert { condition = sensitive("a") == 1 }
  assert { condition = sensitive(false) }
  assert { condition = alltrue([for x in sensitive([1, 2]) : x == 1]) }
  assert { condition = { for x in sensitive(["a"]) : x => x }["b"] == "a" }
  assert { condition = can(regex(sensitive("a("), self.version)) && sensitive({ a = 1 }).b == 1 }
  threshold "t" {
    value  = sensitive(5)
    expect = value > 6
  }
  show = sensitive(self.items)[*].redy
}
