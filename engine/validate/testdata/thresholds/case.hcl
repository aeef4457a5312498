runbook "case" {}

step "demo_list" "list" {
  threshold "string" {
    value  = self.version
    expect = value > 1
  }
  threshold "list" {
    value  = self.items[*].restarts
    expect = value > 1
  }
  threshold "null" {
    value  = null
    expect = value > 1
  }
  threshold "dynamic" {
    value = self.json.n
    warn  = value > self.count
  }
  threshold "not bool" {
    value  = self.count
    expect = value
    warn   = value + 1
  }
  threshold "never" {
    value  = 3
    expect = value > 5
  }
  threshold "compared" {
    value  = self.count
    expect = value == "3"
  }
  assert { condition = value > 1 }
}
