runbook "r" {}
step "web_request" "plain" { url = "http://a" }
step "web_request" "full" {
  description       = "All arguments of the engine."
  url               = "http://a"
  headers           = { accept = "text/plain" }
  depends_on        = [step.plain]
  when              = step.plain.outcome == "pass"
  run_if            = "none_failed"
  timeout           = "5s"
  continue_on_error = true
  show              = self.count
  effect            = "write"
  runs_on           = "eu"
  retry {}
  poll { until = self.count > 0 }
  precondition {
    condition     = step.plain.count > 0
    error_message = "none"
  }
  assert { condition = self.count == 1 }
  remedy { text = "Look." }
}
