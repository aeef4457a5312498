# Whom to call and what to do, written once and shown where it is needed. Here a warning is provoked to show it.
# A check's severity "warn" lets the run go on and pass; continue_on_error does the same for a whole step.
runbook "remedies-and-contacts" {
  owner       = contact.oncall
  severity    = "P2"
  mttr_target = "30m"
}

contact "oncall" {
  role  = "Primary on-call"
  phone = "+1-555-0150"
}

escalation "urgent" {
  level {
    contact = contact.oncall
    brief   = "Call and page."
  }
}

step "local_files" "backups" {
  pattern = "/tmp/*.no-such-dump"
  assert {
    severity      = "warn"
    condition     = self.count > 0
    error_message = "There is no backup."
  }
  remedy {
    text       = "Make one by hand; then find out why the nightly job did not."
    guide      = "GUIDE.md#backups"
    contact    = contact.oncall
    escalation = escalation.urgent
  }
}

step "local_files" "optional" {
  continue_on_error = true
  pattern           = "/tmp/*.no-such-log"
  assert { condition = self.count > 0 }
}
