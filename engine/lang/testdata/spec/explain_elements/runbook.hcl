runbook "r" {}
variable "limit" { default = 90 }
step "web_request" "web" {
  url = "http://a"
  assert { condition = alltrue(self.nodes[*].ready) }
  assert { condition = alltrue([for n in self.nodes : n.ready && n.cpu < var.limit]) }
  assert { condition = alltrue([for i, n in self.nodes : n.cpu < 30 if n.ready]) }
  assert { condition = anytrue([for n in self.nodes : n.cpu > 99]) }
  assert { condition = !anytrue([for n in self.nodes : n.cpu > 90]) }
  assert { condition = alltrue([for n in self.nodes : length(n.roles) > 0]) }
  assert { condition = alltrue([for s in self.names : s == "a"]) }
  assert { condition = alltrue([self.ok, self.count == 2]) }
  assert { condition = alltrue(self.nodes[*].ready) && self.count == 3 }
  assert { condition = length([for n in self.nodes : n if !n.ready]) == 0 }
  assert { condition = alltrue([for n in range(9) : n > 90]) }
  assert { condition = alltrue(self.empty) }
  assert { condition = self.count == 2 && alltrue([for n in self.empty : n.ready]) }
  assert { condition = self.count == 2 || alltrue(self.empty) }
  assert { condition = self.count == 9 || alltrue(self.empty) }
  assert { condition = alltrue(self.nodes[*].ready) || self.max == 5 }
}
