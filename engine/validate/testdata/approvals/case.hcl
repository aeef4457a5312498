runbook "case" {}

contact "dba" { name = "Dana" }
contact "named" { name = "Alice Smith" }
contact "mailed" {
  name  = "Alice Smith"
  email = "asmith@example.org"
}
escalation "oncall" {
  level { contact = contact.dba }
}

step "demo_list" "items" {}

step "demo_command" "right" {
  approval {
    prompt     = "Go on with ${step.items.count} of ${each.key}?"
    approvers  = [contact.dba, "alice", "bob@ops"]
    timeout    = "30m"
    on_timeout = "escalate"
    escalation = escalation.oncall
  }
  for_each = toset(["a", "b"])
}

step "demo_list" "of_a_read" {
  approval { approvers = contact.dba }
  poll { until = self.count > 0 }
}

step "demo_command" "wrong" {
  approval {
    prompt     = self.code
    approvers  = [contact.dba, 3, escalation.oncall]
    escalation = contact.dba
  }
}

step "demo_command" "nobody" {
  approval { approvers = [] }
}

step "demo_command" "number" {
  approval { approvers = 3 }
}

step "demo_command" "unknown" {
  approval {
    approvers  = [contact.dab]
    escalation = escalation.oncal
  }
}

step "demo_command" "contacts" {
  approval { approvers = [contact.dba, contact.named, contact.mailed] }
}
