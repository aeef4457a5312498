runbook "case" {}

variable "hosts" {
  type    = list(string)
  default = []
}

step "demo_list" "list" {
  limit     = "many"
  namespace = ["a"]
  since     = "5 parsecs"
  tags      = "one"
  login     = { user = "a", role = "owner" }
  state     = "sideways"
  query     = "aaxbb"
  queries   = ["ok", "a\"\\x"]
  assert { condition = self.count }
  assert { condition = self.version }
  assert { condition = self.items }
  assert { condition = null }
  assert { condition = self.count == "3" }
  assert { condition = self.version != 3 }
  assert { condition = self.items[0].ready == "true" }
  assert { condition = self.not_ready == [] }
  assert { condition = self.count && self.items[0].ready }
  assert { condition = self.items[0].ready && self.items }
  assert { condition = !self.count }
  assert { condition = self.items > 3 }
  assert { condition = false && self.nope }
  assert { condition = true || self.nope }
  assert { condition = true ? self.count == 1 : self.nope == 1 }
  assert { condition = self.count == 1 ? "a" : self.nope }
  assert { condition = length(self.count) == 1 }
  assert { condition = length([for i in self.count : i]) == 1 }
  assert { condition = length([for i in self.items : i if i.name]) == 1 }
  assert { condition = "${self.items}" == "" }
  assert { condition = sum(self.items[*].restarts) > 3 && join(",", self.items[*].name) != "" }
  assert { condition = self.items[0].ready == null || self.version == null }
  assert { condition = self.items["a"].ready }
  assert { condition = self.json == 1 && self.json == "a" && self.json }
  show = self.items[*].name
}

step "demo_list" "fine" {
  limit     = "5"
  namespace = 5
  since     = "7d"
  tags      = var.hosts
  login     = { user = "a", role = "admin" }
  state     = "up"
  assert {
    condition     = self.count == 3
    error_message = self.items
  }
}

locals {
  names = [for i in step.fine.items : i.name]
}

check "equal" {
  assert { condition = [for i in step.fine.items : i.name] == ["a"] }
  assert { condition = local.names != ["a"] }
  assert { condition = sort(local.names) == ["a"] }
  assert { condition = concat(local.names, ["b"]) == ["a", "b"] }
  assert { condition = step.fine.items == [] || step.fine.not_ready != [] }
  assert { condition = length(local.names) < 0 }
  assert { condition = step.fine.not_ready == tolist([]) }
}
