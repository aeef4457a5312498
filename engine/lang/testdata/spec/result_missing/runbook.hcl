runbook "r" {}
step "web_request" "skipped" { url = "http://a" }
step "web_request" "erred" { url = "http://a" }
step "web_request" "many" { url = "http://a" }
step "web_request" "passed" { url = "http://a" }
output "skipped" { value = step.skipped.count }
output "erred" { value = step.erred.json.status + 1 }
output "outcome" { value = step.erred.outcome }
output "tried" { value = try(step.erred.count, -1) }
output "can" { value = can(step.skipped.count) }
output "instance" { value = step.many["eu"].count }
output "no_instance" { value = step.many["us"].count }
output "each_instance" { value = [for k, s in step.many : s.count] }
output "no_attribute" { value = step.passed.jsn }
output "deep" { value = step.passed.json.nope }
output "index" { value = step.passed.json.list[7] }
output "of_text" { value = step.passed.json.status.code }
output "of_null" { value = step.passed.json.nothing.code }
