runbook "r" {}
variable "a" { default = "runbook" }
locals { x = "runbook" }
contact "lead" { name = "Runbook" }
provider "db" { url = "runbook" }
output "all" { value = [var.a, var.b, local.x, local.y, contact.lead.name, contact.lead.email, contact.other.name] }
output "file" { value = file("note.txt") }
