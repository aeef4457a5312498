runbook "case" {
  owner = contact.opps
}

contact "ops" {}
