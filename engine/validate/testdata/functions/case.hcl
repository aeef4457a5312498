runbook "case" {}

step "demo_list" "list" {
  assert { condition = can(regex("^[a-z", self.version)) }
  assert { condition = length(regexall("a(b", self.version)) == 1 }
  assert { condition = replace(self.version, "/a(b/", "") == "" && replace(self.version, "a(b", "") == "" }
  assert { condition = jq(self.json, ".a |") == 1 }
  assert { condition = jq(self.json, ".a | length") == 1 }
  assert { condition = self.duration_ms < duration("5 parsecs") }
  assert { condition = self.count < bytes("5 elephants") }
  assert { condition = date("31 January") == self.version }
  assert { condition = date("today", "Europe/Atlantis") == self.version }
  assert { condition = formatdate("YYYY-QQ", self.started_at) == "" }
  assert { condition = timeadd(self.started_at, "5 parsecs") == "" }
  assert { condition = secret("vault:x") == "" }
  assert { condition = file("no-such-file") == "" }
  assert { condition = join(self.count) == "" }
  assert { condition = concat([1], self.items...) == [] }
  assert { condition = lenght(self.items) == 1 }
  assert { condition = alltrue(self.items[*].restarts) }
  assert { condition = 1 / 0 == 1 }
}
