runbook "case" {}

variable "v" {
  type = object({ a = string })
}

step "demo_list" "list" {
  assert { condition = try(self.json.a.b, 1) == 1 && try(self.items[0].name + 1, 0) == 0 }
  assert { condition = try(self.cuont, 0) == 0 }
  assert { condition = can(self.items[0].redy) }
  assert { condition = can([for i in self.items : i.redy]) }
  assert { condition = can(self.items[*].redy) }
  assert { condition = can(var.v.b) && can("a" == 1) && can(1 + "a") && can(length(5)) }
  assert { condition = try(self.count, 0) == "a" }
  assert { condition = can(lenght(1)) }
}
