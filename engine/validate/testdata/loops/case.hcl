runbook "case" {}

variable "names" {
  type = map(string)
}

step "demo_list" "list" {
  assert { condition = alltrue([for i in [{ a = 1 }, { b = 2 }] : i.a == 1]) }
  assert { condition = { for i in self.items : i.name => i.restarts if i.ready }["a"] == "b" }
  assert { condition = { for i in self.items : i.usage => i }["a"] == null }
  assert { condition = { for i in self.items : i.name => i... }["a"][0].redy }
  assert { condition = alltrue([for i in self.items : alltrue([for k, v in i.labels : v == k && i.redy])]) }
  assert { condition = "%{for i in self.items}${i.redy}%{endfor}" != "" }
  assert { condition = lookup({ for i in self.items : i.name => i.restarts }, "a", "none") == "none" }
  assert { condition = lookup(var.names, "a", "none") == 3 }
  assert { condition = alltrue([for n, v in var.names : n == v && v.x]) }
  assert { condition = [for k, i in self.items : k][0] == "0" }
  assert { condition = alltrue([for i in self.json.list : i.anything && self.cuont == i]) }
  assert { condition = [for i in self.items : i.name if i.restarts][0] == "" }
  assert { condition = { (self.version) = 1, name = 2, self.version = 3 }["a"] == 1 }
  assert { condition = [for a in range(0, 100) : [for b in range(0, 100) : a == "b"]] == null }
  assert { condition = self.items[*].labels.app[0] == "x" && self.items.*.redy[0] }
  assert { condition = merge({ for i in self.items : i.name => i.restarts }, { a = "b" })["a"] == "b" }
}
