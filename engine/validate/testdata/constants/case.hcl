runbook "case" {}

step "demo_list" "list" {
  assert { condition = false }
  assert { condition = 1 == 2 }
  assert { condition = length(self.items) < 0 }
  assert { condition = self.items[0].ready && false }
  assert { condition = true }
  assert { condition = fileexists("case.hcl") == false }
  assert { condition = timestamp() == "" && now() == "" && date("today") == "" && env("A") == "" }
  precondition { condition = "a" == "b" }
  when = false
  poll {
    until = 2 > 3
  }
}
