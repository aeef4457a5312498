runbook "case" {}

contact "oncall" {
  phone = "1"
}

escalation "page" {
  level { contact = contact.oncall }
  level { contact = 5 }
  level { contact = "oncall" }
}

step "demo_ping" "ping" {
  remedy {
    text       = ["a"]
    guide      = contact.oncall
    contact    = escalation.page
    escalation = contact.oncall
  }
  remedy {
    text       = "Call ${contact.oncall.phone} ${contact.oncall.fax} after ${escalation.page.levels[0].after_seconds}."
    contact    = contact.oncall
    escalation = escalation.page
  }
  assert {
    condition = self.code == 200
    remedy { contact = "The vendor" }
  }
  threshold "code" {
    value = self.code
    warn  = value > 300
    remedy { escalation = "page" }
  }
}

escalation "wrong_order" {
  level {
    contact = "ann"
    after   = "1m"
  }
  level {
    contact = "bob"
    after   = "30s"
  }
}
