# poll reads again and again until a condition holds, here until it has held for a moment: no flapping.
# When the time is over, the step fails and shows what the condition saw last.
runbook "poll" {}

variable "url" {
  type        = string
  description = "A service that becomes healthy."
}

step "http_request" "healthy" {
  url             = "${var.url}/health"
  expected_status = [200, 503]
  poll {
    until    = self.status_code == 200
    interval = "50ms"
    hold     = "200ms"
    timeout  = "30s"
  }
}
