runbook "r" {}
step "web_request" "nodes" { url = "http://a" }
output "run" { value = [run.id, run.started_at, run.environment] }
output "run_wrong" { value = run.idd }
output "runbook" { value = runbook.name }
output "bare_step" { value = nodes.count }
output "typo" { value = stp.nodes.count }
output "no_step" { value = step.nodse.count }
output "each" { value = each.key }
output "self" { value = self.count }
output "value" { value = value }
output "whole" { value = var }
output "for" { value = [for self in [1, 2] : self * 2] }
