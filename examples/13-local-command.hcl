# A program of this machine, without a shell. It counts as a write unless its author states that it only reads.
# format = "json" decodes what it prints; another exit code than 0 is a fail.
runbook "local-command" {}

step "local_command" "addresses" {
  command = ["printf", "%s", "{\"addresses\": [\"10.0.0.1\", \"10.0.0.2\"]}"]
  format  = "json"
  effect  = "read"
  assert { condition = length(self.json.addresses) == 2 }
}

step "local_command" "absent" {
  command             = ["grep", "-c", "no such user", "/etc/passwd"]
  expected_exit_codes = [1] # grep found nothing
  effect              = "read"
}
