runbook "r" {}
variable "limit" { default = 90 }
variable "token" {
  default   = "hunter2"
  sensitive = true
}
step "web_request" "web" {
  url = "http://a"
  assert { condition = self.count == 0 }
  assert { condition = self.count == 0 && self.max > 3 && length(self.names) == 1 }
  assert { condition = self.count == 0 || (self.max < 3 && self.ok) }
  assert { condition = !self.ok && !(self.count > 1) }
  assert { condition = self.ok }
  assert { condition = self.count + self.max < var.limit - 100 }
  assert { condition = self.json.nope == "ok" }
  assert { condition = try(self.json.nope, "none") == "ok" }
  assert { condition = self.text == "y" }
  assert { condition = var.token == "x" || "${var.token}!" == "x" }
  assert { condition = contains(self.names, "z") }
  assert { condition = (self.ok ? self.count : self.max) == 1 }
  assert {
    condition = (
      self.count
      == 7
    )
  }
}
