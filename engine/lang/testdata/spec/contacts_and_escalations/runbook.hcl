runbook "r" {
  owner = contact.lead
}
contact "lead" {
  name      = "Ada"
  role      = "lead"
  phone     = "+49 30 1"
  email     = "ada@example.com"
  slack     = "@ada"
  pagerduty = "PADA"
  url       = "https://example.com/ada"
  hours     = "9-17"
}
escalation "database" {
  level {
    contact = contact.lead
    brief   = "What you saw."
  }
  level {
    contact = "vendor"
    after   = "30m"
  }
}
output "phone" { value = contact.lead.phone }
output "second" { value = escalation.database.levels[1] }
output "first" { value = escalation.database.levels[0].contact.name }
output "none" { value = contact.leed.phone }
output "no_field" { value = contact.lead.fax }
